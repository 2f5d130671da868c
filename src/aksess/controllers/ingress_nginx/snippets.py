"""Raw nginx configuration in snippets: what it does to access, as far as that can be told.

Plain ``allow`` and ``deny`` lines count where they stand, and so do the lines that say where the client address comes
from. Directives that cannot change who gets in are passed over. Anything else (``if``, ``return``, ``rewrite``,
``geo``, Lua, nested locations, an include …) makes the snippet opaque: what it does cannot be told.

Source: nginx src/core/ngx_conf_file.c `ngx_conf_read_token`, src/http/modules/ngx_http_access_module.c,
src/http/modules/ngx_http_realip_module.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from aksess.addresses import EVERYONE, NOBODY, AddressSet, set_of
from aksess.addresses.parsing import nginx_network
from aksess.errors import ParseError

__all__ = ["Line", "Snippet", "read_snippet"]

_HARMLESS = frozenset(
    {
        *("access_log", "add_after_body", "add_before_body", "add_header", "add_trailer", "aio", "aio_write"),
        *("autoindex", "charset", "charset_types", "chunked_transfer_encoding", "connection_pool_size"),
        *("default_type", "directio", "error_log", "etag", "expires", "http2", "if_modified_since", "index"),
        *("keepalive_disable", "keepalive_min_timeout", "keepalive_requests", "keepalive_time"),
        *("keepalive_timeout", "large_client_header_buffers", "limit_conn", "limit_conn_log_level"),
        *("limit_conn_status", "limit_conn_zone", "limit_rate", "limit_rate_after", "limit_req"),
        *("limit_req_log_level", "limit_req_status", "limit_req_zone", "lingering_close", "lingering_time"),
        *("lingering_timeout", "log_format", "log_not_found", "log_subrequest", "map_hash_bucket_size"),
        *("map_hash_max_size", "more_clear_headers", "more_set_headers", "msie_padding", "output_buffers"),
        *("port_in_redirect", "postpone_output", "read_ahead", "reset_timedout_connection", "resolver"),
        *("resolver_timeout", "rewrite_log", "send_lowat", "send_timeout", "sendfile", "sendfile_max_chunk"),
        *("server_name_in_redirect", "server_names_hash_bucket_size", "server_names_hash_max_size"),
        *("server_tokens", "source_charset", "tcp_nodelay", "tcp_nopush", "types_hash_bucket_size"),
        *("types_hash_max_size", "uninitialized_variable_warn", "variables_hash_bucket_size"),
        *("variables_hash_max_size", "absolute_redirect", "opentelemetry", "opentracing"),
    }
)
_HARMLESS_STARTS = (
    *("brotli", "client_body_", "client_header_", "client_max_", "fastcgi_", "geoip", "grpc_", "gunzip", "gzip"),
    *("open_file_cache", "opentelemetry_", "opentracing_", "proxy_", "ssl_", "sub_filter", "http2_", "userid"),
)
_HARMFUL = frozenset(
    {
        *("fastcgi_pass", "grpc_pass", "proxy_pass", "proxy_set_body", "ssl_client_certificate", "ssl_crl"),
        *("ssl_reject_handshake", "ssl_trusted_certificate", "ssl_verify_client", "ssl_verify_depth"),
        "proxy_method",
    }
)
_HARMLESS_BLOCKS = frozenset({"geo", "map", "split_clients", "types"})
"""Blocks that only give names to values."""

_OWN_VARIABLES = re.compile(
    r"\$(?:proxy_\w+|pass_\w+|best_http_host|namespace|ingress_name|service_\w+|location_path|cors|http_\w+|remote_addr"
    r"|realip_\w+|host|uri|args|scheme|request_\w+|server_\w+|auth_cookie|redirect_to|block_\w+|full_x_\w+)\Z"
)
_TOKEN_END = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Line:
    """One ``allow`` or ``deny`` line."""

    action: Literal["allow", "deny"]
    addresses: AddressSet
    text: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """What a snippet does to access.

    Attributes:
        lines: Its ``allow`` and ``deny`` lines, in order.
        trusted: The peers whose header is believed; None where it does not say.
        header: The header with the client address; empty where it does not say.
        recursive: Whether the header is read beyond its last address; None where it does not say.
        opaque: What it holds that cannot be judged; empty for nothing.
        broken: Why nginx refuses it, and the whole configuration with it; empty where it does not.
    """

    lines: tuple[Line, ...] = ()
    trusted: AddressSet | None = None
    header: str = ""
    recursive: bool | None = None
    opaque: str = ""
    broken: str = ""


@lru_cache(maxsize=2048)
def read_snippet(text: str) -> Snippet:
    """What a snippet does to access; the empty text does nothing."""
    if "_by_lua" in text:
        return Snippet(opaque="Lua")
    lines: list[Line] = []
    trusted: AddressSet | None = None
    header, opaque = "", ""
    recursive: bool | None = None
    try:
        for name, arguments, block in _directives(text):
            if name in {"allow", "deny"} and not block:
                lines.append(_line("allow" if name == "allow" else "deny", arguments))
            elif name == "set_real_ip_from" and not block:
                trusted = (trusted or NOBODY) | _trusted(arguments)
            elif name == "real_ip_header" and not block:
                if header or len(arguments) != 1:
                    raise ParseError("real_ip_header stands twice or without a value")
                header = arguments[0]
            elif name == "real_ip_recursive" and not block:
                if recursive is not None or arguments not in (["on"], ["off"]):
                    raise ParseError("real_ip_recursive stands twice or is neither on nor off")
                recursive = arguments == ["on"]
            elif not _is_harmless(name, arguments, block):
                opaque = opaque or name
    except _Opaque as error:
        return Snippet(tuple(lines), trusted, header, recursive, opaque=opaque or error.what)
    except ParseError as error:
        return Snippet(tuple(lines), trusted, header, recursive, opaque, broken=error.what)
    return Snippet(tuple(lines), trusted, header, recursive, opaque)


class _Opaque(ParseError):
    """Something that may be good and whose meaning cannot be told."""


def _line(action: Literal["allow", "deny"], arguments: list[str]) -> Line:
    if len(arguments) != 1:
        raise ParseError(f"{action} takes one value")
    value = arguments[0]
    network = None if value == "all" else nginx_network(value)
    addresses = EVERYONE if value == "all" else set_of([network]) if network is not None else NOBODY
    return Line(action, addresses, f"{action} {value};")


def _trusted(arguments: list[str]) -> AddressSet:
    if len(arguments) != 1:
        raise ParseError("set_real_ip_from takes one value")
    try:
        network = nginx_network(arguments[0])
    except ParseError:
        if re.search("[A-Za-z]", arguments[0]) and ":" not in arguments[0]:
            raise _Opaque(f"set_real_ip_from with the name {arguments[0]}") from None
        raise
    return set_of([network]) if network is not None else NOBODY


def _is_harmless(name: str, arguments: list[str], block: bool) -> bool:
    if block:
        return name in _HARMLESS_BLOCKS and not any(_OWN_VARIABLES.match(each) for each in arguments)
    if name in _HARMFUL:
        return False
    if name == "set":
        return len(arguments) == 2 and _OWN_VARIABLES.match(arguments[0]) is None
    return name in _HARMLESS or name.startswith(_HARMLESS_STARTS)


def _directives(text: str) -> list[tuple[str, list[str], bool]]:
    """The directives at the top of a text, each with its arguments and whether it has a block.

    Raises:
        ParseError: Quotes or braces do not fit, or a directive has no end.
    """
    found: list[tuple[str, list[str], bool]] = []
    words: list[str] = []
    depth = 0
    for token in _tokens(text):
        if token == "{":
            if not words and depth == 0:
                raise ParseError("a block without a name")
            if depth == 0:
                found.append((words[0], words[1:], True))
            words = []
            depth += 1
        elif token == "}":
            if depth == 0 or (words and depth == 1):
                raise ParseError("a brace closes too early")
            depth -= 1
            words = []
        elif token == ";":
            if depth == 0:
                if not words:
                    raise ParseError("a semicolon without a directive")
                found.append((words[0], words[1:], False))
            words = []
        else:
            words.append(token[1:])
    if words or depth:
        raise ParseError("a directive or block has no end")
    return found


def _tokens(text: str) -> list[str]:
    """Words (with a leading ``w``), ``;``, ``{`` and ``}``; comments are left out."""
    tokens: list[str] = []
    index = 0
    while index < len(text):
        char = text[index]
        if char in _TOKEN_END:
            index += 1
        elif char == "#":
            end = text.find("\n", index)
            index = len(text) if end < 0 else end
        elif char in ";{}":
            tokens.append(char)
            index += 1
        elif char in "\"'":
            word, index = _quoted(text, index)
            tokens.append("w" + word)
        else:
            word, index = _bare(text, index)
            tokens.append("w" + word)
    return tokens


def _quoted(text: str, start: int) -> tuple[str, int]:
    quote, index, word = text[start], start + 1, ""
    while index < len(text):
        if text[index] == "\\" and index + 1 < len(text):
            word += text[index + 1]
            index += 2
        elif text[index] == quote:
            return word, index + 1
        else:
            word += text[index]
            index += 1
    raise ParseError("a quote is not closed")


def _bare(text: str, start: int) -> tuple[str, int]:
    index, word = start, ""
    while index < len(text) and text[index] not in _TOKEN_END + ";":
        if text[index] == "{" and not word.endswith("$"):
            break
        if text[index] == "\\" and index + 1 < len(text):
            index += 1
        word += text[index]
        index += 1
    return word, index
