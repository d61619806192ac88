from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_INFO: _ClassVar[Severity]
    SEVERITY_WARNING: _ClassVar[Severity]
    SEVERITY_CRITICAL: _ClassVar[Severity]

class Region(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REGION_UNSPECIFIED: _ClassVar[Region]
    REGION_US: _ClassVar[Region]
    REGION_EU: _ClassVar[Region]

class DayOfWeek(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DAY_OF_WEEK_UNSPECIFIED: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_MONDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_TUESDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_WEDNESDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_THURSDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_FRIDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_SATURDAY: _ClassVar[DayOfWeek]
    DAY_OF_WEEK_SUNDAY: _ClassVar[DayOfWeek]
SEVERITY_UNSPECIFIED: Severity
SEVERITY_INFO: Severity
SEVERITY_WARNING: Severity
SEVERITY_CRITICAL: Severity
REGION_UNSPECIFIED: Region
REGION_US: Region
REGION_EU: Region
DAY_OF_WEEK_UNSPECIFIED: DayOfWeek
DAY_OF_WEEK_MONDAY: DayOfWeek
DAY_OF_WEEK_TUESDAY: DayOfWeek
DAY_OF_WEEK_WEDNESDAY: DayOfWeek
DAY_OF_WEEK_THURSDAY: DayOfWeek
DAY_OF_WEEK_FRIDAY: DayOfWeek
DAY_OF_WEEK_SATURDAY: DayOfWeek
DAY_OF_WEEK_SUNDAY: DayOfWeek

class Route(_message.Message):
    __slots__ = ("name", "display_name", "position", "match", "continue_matching", "receivers", "template", "quiet_hours", "digest", "grouping", "disabled", "create_unix_micros", "update_unix_micros", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    CONTINUE_MATCHING_FIELD_NUMBER: _ClassVar[int]
    RECEIVERS_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    QUIET_HOURS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    GROUPING_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    position: int
    match: Match
    continue_matching: bool
    receivers: _containers.RepeatedCompositeFieldContainer[Receiver]
    template: Template
    quiet_hours: _containers.RepeatedCompositeFieldContainer[QuietHours]
    digest: Digest
    grouping: Grouping
    disabled: bool
    create_unix_micros: int
    update_unix_micros: int
    etag: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., position: _Optional[int] = ..., match: _Optional[_Union[Match, _Mapping]] = ..., continue_matching: _Optional[bool] = ..., receivers: _Optional[_Iterable[_Union[Receiver, _Mapping]]] = ..., template: _Optional[_Union[Template, _Mapping]] = ..., quiet_hours: _Optional[_Iterable[_Union[QuietHours, _Mapping]]] = ..., digest: _Optional[_Union[Digest, _Mapping]] = ..., grouping: _Optional[_Union[Grouping, _Mapping]] = ..., disabled: _Optional[bool] = ..., create_unix_micros: _Optional[int] = ..., update_unix_micros: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...

class Match(_message.Message):
    __slots__ = ("kinds", "teams", "min_severity", "labels")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KINDS_FIELD_NUMBER: _ClassVar[int]
    TEAMS_FIELD_NUMBER: _ClassVar[int]
    MIN_SEVERITY_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedScalarFieldContainer[str]
    teams: _containers.RepeatedScalarFieldContainer[str]
    min_severity: Severity
    labels: _containers.ScalarMap[str, str]
    def __init__(self, kinds: _Optional[_Iterable[str]] = ..., teams: _Optional[_Iterable[str]] = ..., min_severity: _Optional[_Union[Severity, str]] = ..., labels: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Receiver(_message.Message):
    __slots__ = ("id", "slack", "teams", "email", "pagerduty", "opsgenie", "webhook", "apprise", "summary")
    ID_FIELD_NUMBER: _ClassVar[int]
    SLACK_FIELD_NUMBER: _ClassVar[int]
    TEAMS_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    PAGERDUTY_FIELD_NUMBER: _ClassVar[int]
    OPSGENIE_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_FIELD_NUMBER: _ClassVar[int]
    APPRISE_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    id: str
    slack: Slack
    teams: Teams
    email: Email
    pagerduty: PagerDuty
    opsgenie: Opsgenie
    webhook: Webhook
    apprise: Apprise
    summary: str
    def __init__(self, id: _Optional[str] = ..., slack: _Optional[_Union[Slack, _Mapping]] = ..., teams: _Optional[_Union[Teams, _Mapping]] = ..., email: _Optional[_Union[Email, _Mapping]] = ..., pagerduty: _Optional[_Union[PagerDuty, _Mapping]] = ..., opsgenie: _Optional[_Union[Opsgenie, _Mapping]] = ..., webhook: _Optional[_Union[Webhook, _Mapping]] = ..., apprise: _Optional[_Union[Apprise, _Mapping]] = ..., summary: _Optional[str] = ...) -> None: ...

class Slack(_message.Message):
    __slots__ = ("webhook_url",)
    WEBHOOK_URL_FIELD_NUMBER: _ClassVar[int]
    webhook_url: str
    def __init__(self, webhook_url: _Optional[str] = ...) -> None: ...

class Teams(_message.Message):
    __slots__ = ("webhook_url",)
    WEBHOOK_URL_FIELD_NUMBER: _ClassVar[int]
    webhook_url: str
    def __init__(self, webhook_url: _Optional[str] = ...) -> None: ...

class Email(_message.Message):
    __slots__ = ("addresses",)
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class PagerDuty(_message.Message):
    __slots__ = ("routing_key", "region")
    ROUTING_KEY_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    routing_key: str
    region: Region
    def __init__(self, routing_key: _Optional[str] = ..., region: _Optional[_Union[Region, str]] = ...) -> None: ...

class Opsgenie(_message.Message):
    __slots__ = ("api_key", "region")
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    api_key: str
    region: Region
    def __init__(self, api_key: _Optional[str] = ..., region: _Optional[_Union[Region, str]] = ...) -> None: ...

class Webhook(_message.Message):
    __slots__ = ("url", "secret")
    URL_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    url: str
    secret: str
    def __init__(self, url: _Optional[str] = ..., secret: _Optional[str] = ...) -> None: ...

class Apprise(_message.Message):
    __slots__ = ("url",)
    URL_FIELD_NUMBER: _ClassVar[int]
    url: str
    def __init__(self, url: _Optional[str] = ...) -> None: ...

class Template(_message.Message):
    __slots__ = ("title", "body")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    title: str
    body: str
    def __init__(self, title: _Optional[str] = ..., body: _Optional[str] = ...) -> None: ...

class QuietHours(_message.Message):
    __slots__ = ("days", "start", "end", "time_zone", "critical_passes")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    CRITICAL_PASSES_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedScalarFieldContainer[DayOfWeek]
    start: str
    end: str
    time_zone: str
    critical_passes: bool
    def __init__(self, days: _Optional[_Iterable[_Union[DayOfWeek, str]]] = ..., start: _Optional[str] = ..., end: _Optional[str] = ..., time_zone: _Optional[str] = ..., critical_passes: _Optional[bool] = ...) -> None: ...

class Digest(_message.Message):
    __slots__ = ("cadence", "at", "day", "time_zone", "critical_passes")
    class Cadence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CADENCE_UNSPECIFIED: _ClassVar[Digest.Cadence]
        CADENCE_HOURLY: _ClassVar[Digest.Cadence]
        CADENCE_DAILY: _ClassVar[Digest.Cadence]
        CADENCE_WEEKLY: _ClassVar[Digest.Cadence]
    CADENCE_UNSPECIFIED: Digest.Cadence
    CADENCE_HOURLY: Digest.Cadence
    CADENCE_DAILY: Digest.Cadence
    CADENCE_WEEKLY: Digest.Cadence
    CADENCE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    CRITICAL_PASSES_FIELD_NUMBER: _ClassVar[int]
    cadence: Digest.Cadence
    at: str
    day: DayOfWeek
    time_zone: str
    critical_passes: bool
    def __init__(self, cadence: _Optional[_Union[Digest.Cadence, str]] = ..., at: _Optional[str] = ..., day: _Optional[_Union[DayOfWeek, str]] = ..., time_zone: _Optional[str] = ..., critical_passes: _Optional[bool] = ...) -> None: ...

class Grouping(_message.Message):
    __slots__ = ("by", "window_seconds")
    class By(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        BY_UNSPECIFIED: _ClassVar[Grouping.By]
        BY_SUBJECT: _ClassVar[Grouping.By]
        BY_TEAM: _ClassVar[Grouping.By]
        BY_ROUTE: _ClassVar[Grouping.By]
    BY_UNSPECIFIED: Grouping.By
    BY_SUBJECT: Grouping.By
    BY_TEAM: Grouping.By
    BY_ROUTE: Grouping.By
    BY_FIELD_NUMBER: _ClassVar[int]
    WINDOW_SECONDS_FIELD_NUMBER: _ClassVar[int]
    by: Grouping.By
    window_seconds: int
    def __init__(self, by: _Optional[_Union[Grouping.By, str]] = ..., window_seconds: _Optional[int] = ...) -> None: ...

class Notification(_message.Message):
    __slots__ = ("name", "kind", "severity", "state", "title", "body", "team", "labels", "subject", "create_unix_micros", "update_unix_micros", "snooze_until_unix_micros", "actor", "changes", "deliveries")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Notification.State]
        STATE_FIRING: _ClassVar[Notification.State]
        STATE_ACKNOWLEDGED: _ClassVar[Notification.State]
        STATE_SNOOZED: _ClassVar[Notification.State]
        STATE_RESOLVED: _ClassVar[Notification.State]
    STATE_UNSPECIFIED: Notification.State
    STATE_FIRING: Notification.State
    STATE_ACKNOWLEDGED: Notification.State
    STATE_SNOOZED: Notification.State
    STATE_RESOLVED: Notification.State
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    TEAM_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    SNOOZE_UNTIL_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: str
    severity: Severity
    state: Notification.State
    title: str
    body: str
    team: str
    labels: _containers.ScalarMap[str, str]
    subject: str
    create_unix_micros: int
    update_unix_micros: int
    snooze_until_unix_micros: int
    actor: str
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    deliveries: _containers.RepeatedCompositeFieldContainer[Delivery]
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., state: _Optional[_Union[Notification.State, str]] = ..., title: _Optional[str] = ..., body: _Optional[str] = ..., team: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., subject: _Optional[str] = ..., create_unix_micros: _Optional[int] = ..., update_unix_micros: _Optional[int] = ..., snooze_until_unix_micros: _Optional[int] = ..., actor: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ..., deliveries: _Optional[_Iterable[_Union[Delivery, _Mapping]]] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("transition", "time_unix_micros", "actor", "comment", "title", "snooze_until_unix_micros")
    TRANSITION_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SNOOZE_UNTIL_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    transition: str
    time_unix_micros: int
    actor: str
    comment: str
    title: str
    snooze_until_unix_micros: int
    def __init__(self, transition: _Optional[str] = ..., time_unix_micros: _Optional[int] = ..., actor: _Optional[str] = ..., comment: _Optional[str] = ..., title: _Optional[str] = ..., snooze_until_unix_micros: _Optional[int] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("receiver", "state", "attempts", "last_error", "create_unix_micros", "update_unix_micros", "next_attempt_unix_micros", "transition")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    TRANSITION_FIELD_NUMBER: _ClassVar[int]
    receiver: str
    state: str
    attempts: int
    last_error: str
    create_unix_micros: int
    update_unix_micros: int
    next_attempt_unix_micros: int
    transition: str
    def __init__(self, receiver: _Optional[str] = ..., state: _Optional[str] = ..., attempts: _Optional[int] = ..., last_error: _Optional[str] = ..., create_unix_micros: _Optional[int] = ..., update_unix_micros: _Optional[int] = ..., next_attempt_unix_micros: _Optional[int] = ..., transition: _Optional[str] = ...) -> None: ...

class CreateRouteRequest(_message.Message):
    __slots__ = ("route", "route_id")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    ROUTE_ID_FIELD_NUMBER: _ClassVar[int]
    route: Route
    route_id: str
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ..., route_id: _Optional[str] = ...) -> None: ...

class CreateRouteResponse(_message.Message):
    __slots__ = ("route",)
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    route: Route
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ...) -> None: ...

class GetRouteRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetRouteResponse(_message.Message):
    __slots__ = ("route",)
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    route: Route
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ...) -> None: ...

class ListRoutesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRoutesResponse(_message.Message):
    __slots__ = ("routes", "next_page_token")
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    next_page_token: str
    def __init__(self, routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateRouteRequest(_message.Message):
    __slots__ = ("route", "update_mask")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    route: Route
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateRouteResponse(_message.Message):
    __slots__ = ("route",)
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    route: Route
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ...) -> None: ...

class DeleteRouteRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteRouteResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TestRouteRequest(_message.Message):
    __slots__ = ("name", "receiver_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RECEIVER_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    receiver_id: str
    def __init__(self, name: _Optional[str] = ..., receiver_id: _Optional[str] = ...) -> None: ...

class TestRouteResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[TestResult]
    def __init__(self, results: _Optional[_Iterable[_Union[TestResult, _Mapping]]] = ...) -> None: ...

class TestResult(_message.Message):
    __slots__ = ("receiver_id", "delivered", "answer", "duration_micros")
    RECEIVER_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    DURATION_MICROS_FIELD_NUMBER: _ClassVar[int]
    receiver_id: str
    delivered: bool
    answer: str
    duration_micros: int
    def __init__(self, receiver_id: _Optional[str] = ..., delivered: _Optional[bool] = ..., answer: _Optional[str] = ..., duration_micros: _Optional[int] = ...) -> None: ...

class ListNotificationsRequest(_message.Message):
    __slots__ = ("state", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: Notification.State
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[Notification.State, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListNotificationsResponse(_message.Message):
    __slots__ = ("notifications", "next_page_token")
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    notifications: _containers.RepeatedCompositeFieldContainer[Notification]
    next_page_token: str
    def __init__(self, notifications: _Optional[_Iterable[_Union[Notification, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetNotificationRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetNotificationResponse(_message.Message):
    __slots__ = ("notification",)
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    notification: Notification
    def __init__(self, notification: _Optional[_Union[Notification, _Mapping]] = ...) -> None: ...

class AcknowledgeNotificationRequest(_message.Message):
    __slots__ = ("name", "comment")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    comment: str
    def __init__(self, name: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class AcknowledgeNotificationResponse(_message.Message):
    __slots__ = ("notification",)
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    notification: Notification
    def __init__(self, notification: _Optional[_Union[Notification, _Mapping]] = ...) -> None: ...

class SnoozeNotificationRequest(_message.Message):
    __slots__ = ("name", "until_unix_micros", "comment")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    until_unix_micros: int
    comment: str
    def __init__(self, name: _Optional[str] = ..., until_unix_micros: _Optional[int] = ..., comment: _Optional[str] = ...) -> None: ...

class SnoozeNotificationResponse(_message.Message):
    __slots__ = ("notification",)
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    notification: Notification
    def __init__(self, notification: _Optional[_Union[Notification, _Mapping]] = ...) -> None: ...

class ResolveNotificationRequest(_message.Message):
    __slots__ = ("name", "comment")
    NAME_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    comment: str
    def __init__(self, name: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class ResolveNotificationResponse(_message.Message):
    __slots__ = ("notification",)
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    notification: Notification
    def __init__(self, notification: _Optional[_Union[Notification, _Mapping]] = ...) -> None: ...

class DescribeLinkRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class DescribeLinkResponse(_message.Message):
    __slots__ = ("notification",)
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    notification: Notification
    def __init__(self, notification: _Optional[_Union[Notification, _Mapping]] = ...) -> None: ...

class ActOnLinkRequest(_message.Message):
    __slots__ = ("token", "action", "snooze_until_unix_micros")
    class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTION_UNSPECIFIED: _ClassVar[ActOnLinkRequest.Action]
        ACTION_ACKNOWLEDGE: _ClassVar[ActOnLinkRequest.Action]
        ACTION_SNOOZE: _ClassVar[ActOnLinkRequest.Action]
        ACTION_RESOLVE: _ClassVar[ActOnLinkRequest.Action]
    ACTION_UNSPECIFIED: ActOnLinkRequest.Action
    ACTION_ACKNOWLEDGE: ActOnLinkRequest.Action
    ACTION_SNOOZE: ActOnLinkRequest.Action
    ACTION_RESOLVE: ActOnLinkRequest.Action
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SNOOZE_UNTIL_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    token: str
    action: ActOnLinkRequest.Action
    snooze_until_unix_micros: int
    def __init__(self, token: _Optional[str] = ..., action: _Optional[_Union[ActOnLinkRequest.Action, str]] = ..., snooze_until_unix_micros: _Optional[int] = ...) -> None: ...

class ActOnLinkResponse(_message.Message):
    __slots__ = ("notification",)
    NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    notification: Notification
    def __init__(self, notification: _Optional[_Union[Notification, _Mapping]] = ...) -> None: ...
