from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ToolStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOOL_STATUS_UNSPECIFIED: _ClassVar[ToolStatus]
    TOOL_STATUS_APPROVED: _ClassVar[ToolStatus]
    TOOL_STATUS_DENIED: _ClassVar[ToolStatus]
    TOOL_STATUS_REQUESTED: _ClassVar[ToolStatus]
    TOOL_STATUS_SHADOW: _ClassVar[ToolStatus]

class ApprovalState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPROVAL_STATE_UNSPECIFIED: _ClassVar[ApprovalState]
    APPROVAL_STATE_REQUESTED: _ClassVar[ApprovalState]
    APPROVAL_STATE_APPROVED: _ClassVar[ApprovalState]
    APPROVAL_STATE_DENIED: _ClassVar[ApprovalState]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_APPROVE: _ClassVar[Verdict]
    VERDICT_DENY: _ClassVar[Verdict]
TOOL_STATUS_UNSPECIFIED: ToolStatus
TOOL_STATUS_APPROVED: ToolStatus
TOOL_STATUS_DENIED: ToolStatus
TOOL_STATUS_REQUESTED: ToolStatus
TOOL_STATUS_SHADOW: ToolStatus
APPROVAL_STATE_UNSPECIFIED: ApprovalState
APPROVAL_STATE_REQUESTED: ApprovalState
APPROVAL_STATE_APPROVED: ApprovalState
APPROVAL_STATE_DENIED: ApprovalState
VERDICT_UNSPECIFIED: Verdict
VERDICT_APPROVE: Verdict
VERDICT_DENY: Verdict

class Tool(_message.Message):
    __slots__ = ("name", "display_name", "category", "owner", "status", "create_unix_micros", "update_unix_micros", "first_seen_unix_micros", "last_seen_unix_micros", "users")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    USERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    category: str
    owner: str
    status: ToolStatus
    create_unix_micros: int
    update_unix_micros: int
    first_seen_unix_micros: int
    last_seen_unix_micros: int
    users: int
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., category: _Optional[str] = ..., owner: _Optional[str] = ..., status: _Optional[_Union[ToolStatus, str]] = ..., create_unix_micros: _Optional[int] = ..., update_unix_micros: _Optional[int] = ..., first_seen_unix_micros: _Optional[int] = ..., last_seen_unix_micros: _Optional[int] = ..., users: _Optional[int] = ...) -> None: ...

class Approval(_message.Message):
    __slots__ = ("name", "tool", "display_name", "category", "requester", "justification", "state", "decided_by", "reason", "create_unix_micros", "decide_unix_micros")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    JUSTIFICATION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CREATE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    DECIDE_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    name: str
    tool: str
    display_name: str
    category: str
    requester: str
    justification: str
    state: ApprovalState
    decided_by: str
    reason: str
    create_unix_micros: int
    decide_unix_micros: int
    def __init__(self, name: _Optional[str] = ..., tool: _Optional[str] = ..., display_name: _Optional[str] = ..., category: _Optional[str] = ..., requester: _Optional[str] = ..., justification: _Optional[str] = ..., state: _Optional[_Union[ApprovalState, str]] = ..., decided_by: _Optional[str] = ..., reason: _Optional[str] = ..., create_unix_micros: _Optional[int] = ..., decide_unix_micros: _Optional[int] = ...) -> None: ...

class AuditEntry(_message.Message):
    __slots__ = ("id", "time_unix_micros", "actor", "action", "subject", "detail")
    ID_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    id: str
    time_unix_micros: int
    actor: str
    action: str
    subject: str
    detail: str
    def __init__(self, id: _Optional[str] = ..., time_unix_micros: _Optional[int] = ..., actor: _Optional[str] = ..., action: _Optional[str] = ..., subject: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class RegisterToolRequest(_message.Message):
    __slots__ = ("tool_id", "tool")
    TOOL_ID_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    tool_id: str
    tool: Tool
    def __init__(self, tool_id: _Optional[str] = ..., tool: _Optional[_Union[Tool, _Mapping]] = ...) -> None: ...

class RegisterToolResponse(_message.Message):
    __slots__ = ("tool",)
    TOOL_FIELD_NUMBER: _ClassVar[int]
    tool: Tool
    def __init__(self, tool: _Optional[_Union[Tool, _Mapping]] = ...) -> None: ...

class ListToolsRequest(_message.Message):
    __slots__ = ("status", "page_size", "page_token")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    status: ToolStatus
    page_size: int
    page_token: str
    def __init__(self, status: _Optional[_Union[ToolStatus, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListToolsResponse(_message.Message):
    __slots__ = ("tools", "next_page_token")
    TOOLS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tools: _containers.RepeatedCompositeFieldContainer[Tool]
    next_page_token: str
    def __init__(self, tools: _Optional[_Iterable[_Union[Tool, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RequestApprovalRequest(_message.Message):
    __slots__ = ("tool_id", "display_name", "category", "justification", "request_id")
    TOOL_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    JUSTIFICATION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    tool_id: str
    display_name: str
    category: str
    justification: str
    request_id: str
    def __init__(self, tool_id: _Optional[str] = ..., display_name: _Optional[str] = ..., category: _Optional[str] = ..., justification: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class RequestApprovalResponse(_message.Message):
    __slots__ = ("approval",)
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    approval: Approval
    def __init__(self, approval: _Optional[_Union[Approval, _Mapping]] = ...) -> None: ...

class DecideRequest(_message.Message):
    __slots__ = ("name", "verdict", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    verdict: Verdict
    reason: str
    def __init__(self, name: _Optional[str] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class DecideResponse(_message.Message):
    __slots__ = ("approval",)
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    approval: Approval
    def __init__(self, approval: _Optional[_Union[Approval, _Mapping]] = ...) -> None: ...

class ListApprovalsRequest(_message.Message):
    __slots__ = ("state", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: ApprovalState
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[ApprovalState, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListApprovalsResponse(_message.Message):
    __slots__ = ("approvals", "next_page_token")
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    next_page_token: str
    def __init__(self, approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class EvaluatePolicyRequest(_message.Message):
    __slots__ = ("dimensions",)
    class DimensionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    dimensions: _containers.ScalarMap[str, str]
    def __init__(self, dimensions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class EvaluatePolicyResponse(_message.Message):
    __slots__ = ("allowed", "reason")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    reason: str
    def __init__(self, allowed: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class ListAuditEntriesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAuditEntriesResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[AuditEntry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[AuditEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GovernanceEvent(_message.Message):
    __slots__ = ("event_id", "tenant_id", "time_unix_micros", "approval_requested", "approval_decided", "shadow_tool_found", "policy_violated")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIX_MICROS_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_REQUESTED_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_DECIDED_FIELD_NUMBER: _ClassVar[int]
    SHADOW_TOOL_FOUND_FIELD_NUMBER: _ClassVar[int]
    POLICY_VIOLATED_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    tenant_id: str
    time_unix_micros: int
    approval_requested: Approval
    approval_decided: Approval
    shadow_tool_found: Tool
    policy_violated: PolicyViolation
    def __init__(self, event_id: _Optional[str] = ..., tenant_id: _Optional[str] = ..., time_unix_micros: _Optional[int] = ..., approval_requested: _Optional[_Union[Approval, _Mapping]] = ..., approval_decided: _Optional[_Union[Approval, _Mapping]] = ..., shadow_tool_found: _Optional[_Union[Tool, _Mapping]] = ..., policy_violated: _Optional[_Union[PolicyViolation, _Mapping]] = ...) -> None: ...

class PolicyViolation(_message.Message):
    __slots__ = ("policy", "reason", "dimensions")
    class DimensionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    POLICY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    policy: str
    reason: str
    dimensions: _containers.ScalarMap[str, str]
    def __init__(self, policy: _Optional[str] = ..., reason: _Optional[str] = ..., dimensions: _Optional[_Mapping[str, str]] = ...) -> None: ...
