{{- /* The container of `ringline serve` and its volumes. */ -}}

{{- define "ringline.serve.container" -}}
name: ringline
image: {{ include "ringline.image" (list . .Values.image .Chart.AppVersion) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [ringline, serve]
envFrom:
  - configMapRef:
      name: {{ include "ringline.fullname" . }}
{{- with .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: http, containerPort: 8001, protocol: TCP}
  - {name: admin, containerPort: 9090, protocol: TCP}
{{- with pick .Values "startupProbe" "livenessProbe" "readinessProbe" }}
{{ toYaml . }}
{{- end }}
{{- if .Values.drain.delaySeconds }}
lifecycle:
  preStop:
    {{- if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }}
    # The kubelet sleeps, so that no command is there to fail.
    sleep: {seconds: {{ int .Values.drain.delaySeconds }}}
    {{- else }}
    exec:
      command: [sleep, {{ int .Values.drain.delaySeconds | quote }}]
    {{- end }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  # A folder, never a subPath: that would not follow a rotation.
  - name: secrets
    mountPath: /run/secrets/ringline
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "ringline.serve.volumes" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- if include "ringline.jwt.shared" . }}
      - secret:
          name: {{ include "ringline.jwt.secretName" . }}
          items:
            - {key: jwt_secret, path: jwt_secret}
      {{- end }}
      {{- if include "ringline.turn.coturn" . }}
      - secret:
          name: {{ include "ringline.turn.secretName" . }}
          items:
            - {key: turn_secret, path: turn_secret}
      {{- end }}
      {{- range $provider, $key := include "ringline.turn.accounts" . | fromYaml }}
      {{- if has $provider $.Values.turn.providers }}
      - secret:
          name: {{ $.Values.turn.providersSecret }}
          items:
            - {key: {{ $key }}, path: {{ $key }}}
      {{- end }}
      {{- end }}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- end }}
