{{- /* What containers have in common. */ -}}

{{- /*
`list . .Values.image .Chart.AppVersion`: the reference, with the tag to fall back on. A global registry
stands in place of the one that the repository begins with, which has a dot or a port, or is localhost.
*/ -}}
{{- define "ringline.image" -}}
{{- $image := index . 1 -}}
{{- $repository := $image.repository -}}
{{- with (first .).Values.global.imageRegistry -}}
{{- $repository = regexReplaceAll "^(localhost|[^/]*[.:][^/]*)/" $repository "" | printf "%s/%s" . -}}
{{- end -}}
{{ $repository }}:{{ $image.tag | default (last . | toString) }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* The Secrets that hold registry credentials, as pods name them; each once. */ -}}
{{- define "ringline.pullSecrets" -}}
{{- $secrets := list -}}
{{- range concat (.Values.global.imagePullSecrets | default list) (.Values.imagePullSecrets | default list) -}}
{{- $secrets = append $secrets (kindIs "string" . | ternary (dict "name" .) .) | uniq -}}
{{- end -}}
{{- with $secrets }}{{ toYaml . }}{{ end -}}
{{- end }}

{{- /* Where pods may run, who vouches for them and whom they know: `list . $nodeSelector $tolerations`. */ -}}
{{- define "ringline.placement" -}}
{{- $values := (first .).Values -}}
{{- with include "ringline.pullSecrets" (first .) }}
imagePullSecrets:
  {{- . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with index . 1 }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with index . 2 }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* `ringline probe` with the users that this installation knows: `list . $arguments`. */ -}}
{{- define "ringline.probe.container" -}}
{{- $root := first . -}}
{{- $values := $root.Values -}}
image: {{ include "ringline.image" (list $root $values.image $root.Chart.AppVersion) }}
imagePullPolicy: {{ $values.image.pullPolicy }}
command: [ringline, probe]
args:
  {{- range last . }}
  - {{ . | quote }}
  {{- end }}
{{- if $values.probe.existingSecret }}
  - --token-a=$(TOKEN_A)
  - --token-b=$(TOKEN_B)
env:
  - name: TOKEN_A
    valueFrom:
      secretKeyRef: {name: {{ $values.probe.existingSecret }}, key: token_a}
  - name: TOKEN_B
    valueFrom:
      secretKeyRef: {name: {{ $values.probe.existingSecret }}, key: token_b}
{{- else }}
  {{- with $values.settings.jwtIssuer }}
  - --issuer={{ if kindIs "slice" . }}{{ join "," . }}{{ else }}{{ . }}{{ end }}
  {{- end }}
  {{- with $values.settings.jwtAudience }}
  - --audience={{ if kindIs "slice" . }}{{ join "," . }}{{ else }}{{ . }}{{ end }}
  {{- end }}
env:
  - name: RINGLINE_SECRETS_DIR
    value: /run/secrets/ringline
volumeMounts:
  - name: secrets
    mountPath: /run/secrets/ringline
    readOnly: true
{{- end }}
{{- with $values.probe.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ringline.probe.volumes" -}}
{{- if not .Values.probe.existingSecret -}}
volumes:
  - name: secrets
    secret:
      secretName: {{ include "ringline.jwt.secretName" . }}
      defaultMode: 0440
      items:
        - {key: jwt_secret, path: jwt_secret}
{{- end }}
{{- end }}

{{- /* Files of the chart as a ConfigMap's data: `list . "coturn/*"`. */ -}}
{{- define "ringline.files" -}}
{{ regexReplaceAll "(?m)^ +$" (((first .).Files.Glob (last .)).AsConfig | indent 2) "" }}
{{- end }}
