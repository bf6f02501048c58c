{{- /* Where coturn is, as clients and as Kubernetes see it. */ -}}

{{- define "ringline.turn.deployed" -}}
{{- if ne .Values.turn.mode "external" }}yes{{ end }}
{{- end }}

{{- /* Whether clients are given credentials for a coturn, the chart's or another one. */ -}}
{{- define "ringline.turn.coturn" -}}
{{- if has "coturn" .Values.turn.providers }}yes{{ end }}
{{- end }}

{{- /* The key of `turn.providersSecret` for each provider, which is the name of its setting. */ -}}
{{- define "ringline.turn.accounts" -}}
cloudflare: cloudflare_turn_api_token
twilio: twilio_api_secret
static: turn_static_servers
{{- end }}

{{- define "ringline.turn.namespace" -}}
{{- if eq .Values.turn.mode "daemonset" -}}
{{ .Values.turn.daemonset.namespace | default (printf "%s-turn" .Release.Namespace) }}
{{- else -}}
{{ .Release.Namespace }}
{{- end }}
{{- end }}

{{- define "ringline.turn.tls" -}}
{{- if and (include "ringline.turn.deployed" .) (or .Values.turn.tls.existingSecret .Values.turn.tls.certManager.enabled) }}yes{{ end }}
{{- end }}

{{- define "ringline.turn.tlsSecretName" -}}
{{ .Values.turn.tls.existingSecret | default (printf "%s-turn-tls" (include "ringline.fullname" .)) }}
{{- end }}

{{- /* The Issuer of the chart's own. */ -}}
{{- define "ringline.turn.issuerName" -}}
{{ include "ringline.fullname" . }}-turn
{{- end }}

{{- /* Whether clients outside of the cluster are told a way to TURN. */ -}}
{{- define "ringline.turn.public" -}}
{{- if or .Values.turn.urls .Values.turn.host .Values.turn.externalIP }}yes{{ end }}
{{- end }}

{{- /* Where coturn can be reached: outside if that is known, else at its Service. */ -}}
{{- define "ringline.turn.address" -}}
{{- if .Values.turn.host -}}
{{ .Values.turn.host }}
{{- else if contains ":" .Values.turn.externalIP -}}
[{{ .Values.turn.externalIP }}]
{{- else if .Values.turn.externalIP -}}
{{ .Values.turn.externalIP }}
{{- else -}}
{{ include "ringline.fullname" . }}-turn.{{ include "ringline.turn.namespace" . }}.svc
{{- end }}
{{- end }}

{{- /* The TURN URLs (RFC 7065) that clients are given, comma separated. */ -}}
{{- define "ringline.turn.urls" -}}
{{- $at := include "ringline.turn.address" . -}}
{{- if .Values.turn.urls -}}
{{ join "," .Values.turn.urls }}
{{- else -}}
turn:{{ $at }}:3478?transport=udp,turn:{{ $at }}:3478?transport=tcp
{{- if .Values.turn.tls.passthroughHost }},turns:{{ .Values.turn.tls.passthroughHost }}:443?transport=tcp
{{- else if include "ringline.turn.tls" . }},turns:{{ $at }}:{{ include "ringline.turn.tlsPort" . }}?transport=tcp{{ end }}
{{- end }}
{{- end }}

{{- /* The port of TURN over TLS at its Service. It leaves 443 to the ingress that passes TLS through. */ -}}
{{- define "ringline.turn.tlsPort" -}}
{{- and (eq .Values.turn.mode "sidecar") (not .Values.turn.tls.passthroughHost) | ternary 443 5349 }}
{{- end }}

{{- /* Whether the ports of its load balancer take no node ports beside. */ -}}
{{- define "ringline.turn.savesNodePorts" -}}
{{- $service := .Values.turn.service -}}
{{- $allocate := $service.allocateLoadBalancerNodePorts -}}
{{- if kindIs "invalid" $allocate }}{{ $allocate = not .Values.turn.relayPorts }}{{ end -}}
{{- if and (eq $service.type "LoadBalancer") (not $allocate) }}yes{{ end }}
{{- end }}

{{- /* How many relays one coturn may have: a port each. */ -}}
{{- define "ringline.turn.totalQuota" -}}
{{- $relay := .Values.turn.relayPorts | default dict -}}
{{- $ports := 4000 -}}
{{- if $relay.min }}{{ $ports = sub $relay.max $relay.min | add1 }}{{ end -}}
{{ .Values.turn.totalQuota | default (min 4000 $ports) | int }}
{{- end }}

{{- /* Ranges that no relay may reach, as the deny list of coturn has them. */ -}}
{{- define "ringline.turn.deniedNetworks" -}}
v4: [0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24,
  192.0.2.0/24, 192.31.196.0/24, 192.52.193.0/24, 192.88.99.0/24, 192.168.0.0/16, 192.175.48.0/24,
  198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/4, 240.0.0.0/4]
v6: ["::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23",
  "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10"]
{{- end }}
