{{- define "aifinops.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 32 | trimSuffix "-" -}}
{{- end -}}

{{- define "aifinops.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 32 | trimSuffix "-" -}}
{{- else if contains (include "aifinops.name" .) .Release.Name -}}
{{- .Release.Name | trunc 32 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "aifinops.name" .) | trunc 32 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "aifinops.selectorLabels" -}}
app.kubernetes.io/name: {{ include "aifinops.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "aifinops.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "aifinops.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Metadata: (dict "root" $ "name" name "component" component "annotations" map "labels" map) */}}
{{- define "aifinops.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "aifinops.labels" .root | nindent 2 }}
  {{- with .component }}
  app.kubernetes.io/component: {{ . }}
  {{- end }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "aifinops.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default $image.registry (.Values.global).imageRegistry -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "aifinops.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "aifinops.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "aifinops.authSecret" -}}
{{- .Values.auth.existingSecret | default (printf "%s-keys" (include "aifinops.fullname" .)) -}}
{{- end -}}

{{/* One service's values over the defaults, as YAML: (dict "root" $ "name" name) */}}
{{- define "aifinops.service" -}}
{{- $own := deepCopy (index .root.Values.services .name) -}}
{{- $merged := mergeOverwrite (deepCopy .root.Values.defaults) $own -}}
{{- toYaml $merged -}}
{{- end -}}

{{/* What every pod of the platform has: (dict "root" $) */}}
{{- define "aifinops.podSpec" -}}
serviceAccountName: {{ include "aifinops.serviceAccountName" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .root.Values.podSecurityContext | nindent 2 }}
{{- with (.root.Values.global).imagePullSecrets | default .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Image, settings and mounts of every container of the platform: (dict "root" $) */}}
{{- define "aifinops.container" -}}
image: {{ include "aifinops.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- toYaml .root.Values.containerSecurityContext | nindent 2 }}
envFrom:
  - configMapRef:
      name: {{ include "aifinops.fullname" .root }}-settings
{{- end -}}

{{- define "aifinops.secretEnv" -}}
- name: AIFINOPS_AUTH__SERVICE_KEY
  valueFrom:
    secretKeyRef:
      name: {{ include "aifinops.authSecret" . }}
      key: {{ .Values.auth.serviceKeyKey }}
- name: AIFINOPS_AUTH__ADMIN_KEY
  valueFrom:
    secretKeyRef:
      name: {{ include "aifinops.authSecret" . }}
      key: {{ .Values.auth.adminKeyKey }}
{{- with .Values.kafka.sasl.existingSecret }}
- name: AIFINOPS_KAFKA__SASL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.Values.kafka.sasl.passwordKey }}
{{- end }}
{{- with .Values.clickhouse.existingSecret }}
- name: AIFINOPS_CLICKHOUSE__PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.Values.clickhouse.passwordKey }}
{{- end }}
{{- end -}}

{{- define "aifinops.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.kafka.ca.existingSecret }}
- name: kafka-ca
  mountPath: /etc/aifinops/kafka
  readOnly: true
{{- end }}
{{- if .Values.clickhouse.ca.existingSecret }}
- name: clickhouse-ca
  mountPath: /etc/aifinops/clickhouse
  readOnly: true
{{- end }}
{{- end -}}

{{- define "aifinops.volumes" -}}
- name: tmp
  emptyDir: {}
{{- with .Values.kafka.ca.existingSecret }}
- name: kafka-ca
  secret:
    secretName: {{ . }}
    items: [{key: {{ $.Values.kafka.ca.key | quote }}, path: ca.crt}]
{{- end }}
{{- with .Values.clickhouse.ca.existingSecret }}
- name: clickhouse-ca
  secret:
    secretName: {{ . }}
    items: [{key: {{ $.Values.clickhouse.ca.key | quote }}, path: ca.crt}]
{{- end }}
{{- end -}}

{{/* A map of settings as env entries: AIFINOPS_ before each name. */}}
{{- define "aifinops.env" -}}
{{- range $name, $value := . }}
- name: AIFINOPS_{{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end -}}

{{/* May more than one pod of it run? (dict of merged values) */}}
{{- define "aifinops.many" -}}
{{- if .autoscaling.enabled }}{{ if gt (int .autoscaling.maxReplicas) 1 }}true{{ end }}{{ else if gt (int .replicas) 1 }}true{{ end -}}
{{- end -}}
