"""Lets schemathesis send messages. A text has no other type than text: where a case wants one that is wrong, nothing is sent."""

import schemathesis


@schemathesis.serializer("message/rfc822")
def message(_context, value):
    return value.encode("utf-8", "replace") if isinstance(value, str) else b""
