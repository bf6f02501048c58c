{{- /* What operators add that the chart has itself, or that nothing would come of: a sentence a line. */ -}}

{{- define "ringline.mistakes.labels" -}}
{{- range $value, $labels := dict "commonLabels" "ringline.ownLabels" "podLabels" "ringline.selector" }}
{{- $own := include $labels (list $ "service") | fromYaml }}
{{- range $label, $_ := index $.Values $value }}
{{- if hasKey $own $label }}
{{ $value }}: {{ $label }} is the chart's own, since objects are found by it; take another name.
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ringline.mistakes.services" -}}
{{- range $name, $service := dict "service" .Values.service "turn.service" .Values.turn.service }}
{{- $ofTurn := eq $name "turn.service" }}
{{- if or (ne $service.type "LoadBalancer") (and $ofTurn (ne $.Values.turn.mode "sidecar")) }}
{{- range list "loadBalancerIP" "loadBalancerSourceRanges" }}
{{- if get $service . }}
{{ $name }}.{{ . }}: there is no load balancer; take it out, or set {{ $name }}.type to LoadBalancer{{ $ofTurn | ternary ", in turn.mode sidecar" "" }}.
{{- end }}
{{- end }}
{{- end }}
{{- if and $service.sessionAffinityConfig (eq $service.sessionAffinity "None") }}
{{ $name }}.sessionAffinityConfig says how long clients stay with a pod, and they stay with none; set {{ $name }}.sessionAffinity to ClientIP.
{{- end }}
{{- end }}
{{- end }}

{{- /* `$names` are taken: `list $names $value $things …`, of one pod. */ -}}
{{- define "ringline.mistakes.names" -}}
{{- $taken := first . -}}
{{- range chunk 2 (rest .) }}
{{- $value := first . }}
{{- range last . }}
{{- if has .name $taken }}
{{ $value }}: there is another {{ .name }} in the pod; take another name.
{{- end }}
{{- $taken = append $taken .name }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ringline.mistakes.pods" -}}
{{- $v := .Values -}}
{{- $volumes := list "turn-config" "turn-secret" "turn-tls" "turn-scratch" -}}
{{- $turn := list "turn.extraVolumes" $v.turn.extraVolumes -}}
{{- include "ringline.mistakes.names" (list (list "ringline" "coturn")
  "extraInitContainers" $v.extraInitContainers "extraContainers" $v.extraContainers) }}
{{- include "ringline.mistakes.names" (concat
  (list (concat $volumes (list "secrets" "tmp")) "extraVolumes" $v.extraVolumes)
  (eq $v.turn.mode "sidecar" | ternary $turn list)) }}
{{- if eq $v.turn.mode "daemonset" }}
{{- include "ringline.mistakes.names" (list (list "coturn" "node-address")
  "turn.daemonset.extraInitContainers" $v.turn.daemonset.extraInitContainers
  "turn.daemonset.extraContainers" $v.turn.daemonset.extraContainers) }}
{{- include "ringline.mistakes.names" (concat (list (concat $volumes (list "node" "token"))) $turn) }}
{{- end }}
{{- end }}

{{- define "ringline.mistakes.probes" -}}
{{- range $prefix, $values := dict "" .Values "turn." .Values.turn }}
{{- range $name, $probe := pick $values "startupProbe" "livenessProbe" "readinessProbe" }}
{{- $asks := pick $probe "exec" "grpc" "httpGet" "tcpSocket" | keys | sortAlpha }}
{{- if and $probe (ne (len $asks) 1) }}
{{ $prefix }}{{ $name }} asks by {{ join " and " $asks | default "nothing" }}; keep one of exec, grpc, httpGet and tcpSocket, and set the others to null.
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ringline.mistakes.coturn" -}}
{{- $lines := regexFindAll "(?m)^(\\[([a-z-]+|4.17)\\] )?[a-z][a-z-]*" (.Files.Get "coturn/turnserver.conf.template") -1 -}}
{{- $own := list "daemon" -}}
{{- range $lines }}{{ $own = append $own (splitList " " . | last) }}{{ end -}}
{{- range .Values.turn.extraArgs }}
{{- $option := regexFind "[^-=][^=]*" . }}
{{- if has $option $own }}
turn.extraArgs: --{{ $option }} is the chart's own; take it out, and see whether a value of turn says the same.
{{- end }}
{{- end }}
{{- range .Values.turn.extraEnv }}
{{- if hasPrefix "TURN_" .name }}
turn.extraEnv: {{ .name }} is the chart's own, as all of TURN_…; take it out, and see whether a value of turn says the same.
{{- end }}
{{- end }}
{{- end }}
