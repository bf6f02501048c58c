{{- /* coturn's container and its volumes, in the pod of the service or on a node. */ -}}

{{- define "ringline.coturn.container" -}}
{{- $turn := .Values.turn -}}
{{- $relay := $turn.relayPorts | default dict -}}
{{- $onNodes := eq $turn.mode "daemonset" -}}
{{- $asksNode := and $onNodes $turn.discoverNode -}}
name: coturn
image: {{ include "ringline.image" (list . $turn.image "") }}
imagePullPolicy: {{ $turn.image.pullPolicy }}
{{- if $asksNode }}
command:
  - /bin/sh
  - -c
  - TURN_EXTERNAL_IP="$(cat /run/node/external_ip)" exec /bin/sh /etc/ringline-turn/entrypoint.sh "$@"
  - coturn
{{- else }}
command: [/bin/sh, /etc/ringline-turn/entrypoint.sh]
{{- end }}
{{- with $turn.extraArgs }}
args:
  {{- prepend . "serve" | toYaml | nindent 2 }}
{{- end }}
env:
  # Of every family that the pod has. Two users who both relay meet at the relay address: it is an
  # allowed peer.
  {{- range list "LISTENING" "RELAY" "ALLOWED_PEER" }}
  - name: TURN_{{ . }}_IP
    valueFrom:
      fieldRef: {fieldPath: status.podIPs}
  {{- end }}
  - name: TURN_PROMETHEUS_ADDRESS
    valueFrom:
      fieldRef: {fieldPath: status.podIP}
  {{- range $name, $value := dict
    "TURN_SECRET_FILE" "/run/secrets/turn/turn_secret"
    "TURN_REALM" ($turn.realm | default $turn.host | default "ringline")
    "TURN_MIN_PORT" (get $relay "min" | default 49152 | int)
    "TURN_MAX_PORT" (get $relay "max" | default 65535 | int)
    "TURN_USER_QUOTA" (int $turn.userQuota)
    "TURN_TOTAL_QUOTA" (include "ringline.turn.totalQuota" .)
    "TURN_MAX_BPS" (int $turn.maxBps)
    "TURN_PROMETHEUS_PORT" 9641
    "TURN_SCRATCH" "/var/lib/turn" }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
  {{- if $onNodes }}
  - name: TURN_DRAIN_SECONDS
    value: {{ int $turn.drainSeconds | quote }}
  {{- with $turn.drainMinAllocations }}
  - name: TURN_DRAIN_MIN_ALLOCATIONS
    value: {{ int . | quote }}
  {{- end }}
  {{- end }}
  {{- with $turn.deniedPeers }}
  - name: TURN_DENIED_PEERS
    value: {{ join "," . | quote }}
  {{- end }}
  {{- if and $turn.externalIP (or $onNodes $relay) }}
  - name: TURN_EXTERNAL_IP
    value: {{ $turn.externalIP | quote }}
  {{- else if and $onNodes $turn.discoverStun }}
  - name: TURN_DISCOVER_STUN
    value: {{ $turn.discoverStun | quote }}
  {{- end }}
  {{- if include "ringline.turn.tls" . }}
  - name: TURN_TLS_CERT_FILE
    value: /run/secrets/turn-tls/tls.crt
  - name: TURN_TLS_KEY_FILE
    value: /run/secrets/turn-tls/tls.key
  {{- end }}
  {{- with $turn.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  - {name: turn-udp, containerPort: 3478, protocol: UDP}
  - {name: turn-tcp, containerPort: 3478, protocol: TCP}
  {{- if include "ringline.turn.tls" . }}
  - {name: turn-tls, containerPort: 5349, protocol: TCP}
  {{- end }}
  - {name: turn-metrics, containerPort: 9641, protocol: TCP}
{{- with pick $turn "startupProbe" "livenessProbe" ($onNodes | ternary "readinessProbe" "") }}
{{ toYaml . }}
{{- end }}
{{- with $turn.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsUser: 65534
  runAsGroup: 65534
  runAsNonRoot: true
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
    # The image's binary has this file capability: without it, the kernel does not run it (EPERM).
    add: [NET_BIND_SERVICE]
volumeMounts:
  - name: turn-config
    mountPath: /etc/ringline-turn
    readOnly: true
  - name: turn-secret
    mountPath: /run/secrets/turn
    readOnly: true
  {{- if include "ringline.turn.tls" . }}
  - name: turn-tls
    mountPath: /run/secrets/turn-tls
    readOnly: true
  {{- end }}
  {{- if $asksNode }}
  - name: node
    mountPath: /run/node
    readOnly: true
  {{- end }}
  - name: turn-scratch
    mountPath: /var/lib/turn
  {{- with $turn.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "ringline.coturn.volumes" -}}
- name: turn-config
  configMap:
    name: {{ include "ringline.fullname" . }}-turn
- name: turn-secret
  secret:
    secretName: {{ include "ringline.turn.secretName" . }}
    defaultMode: 0440
    items:
      - {key: turn_secret, path: turn_secret}
{{- if include "ringline.turn.tls" . }}
- name: turn-tls
  secret:
    secretName: {{ include "ringline.turn.tlsSecretName" . }}
    defaultMode: 0440
{{- end }}
# Holds the secrets in coturn's own form: in memory, so that they touch no disk.
- name: turn-scratch
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{- with .Values.turn.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
