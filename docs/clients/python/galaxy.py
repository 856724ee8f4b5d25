"""A client of Galaxy: sign-in, signed commands, and the stream of events.

It needs Python 3.9 or newer and the package `cryptography`; no code is generated. Commands are unary calls of the
Connect protocol with JSON over the gateway's web listener; events come as a Connect stream of Protobuf messages.
Everything that the gateway sends is verified. The bytes that are signed are described in docs/envelope.md.
"""

import base64
import hashlib
import json
import os
import struct
import time
import urllib.error
import urllib.request
import uuid
from email.utils import parsedate_to_datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TIMEOUT_SECONDS = 10
# The gateway sends a frame at least every 15 seconds, if only an empty one.
SILENCE_SECONDS = 40
MAX_FRAME_BYTES = 1 << 20


class GalaxyError(Exception):
    """A refusal: `code` is what a program decides by, the message is for people."""

    def __init__(self, code, message, details=None, retry_after_seconds=None):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.details = details or {}
        self.retry_after_seconds = retry_after_seconds


class Unverified(Exception):
    """What arrived was not signed by the gateway, or does not belong to what was asked. Do not use it."""


class Galaxy:
    """A device of one player."""

    def __init__(self, url, folder="."):
        """url: of the web listener, such as http://127.0.0.1:8088; folder: where key and session are kept."""
        self._url = url.rstrip("/")
        self._session_file = os.path.join(folder, "session.json")
        self._key = _load_or_make_key(os.path.join(folder, "device-key.pem"))
        self._server_keys = {}
        # Of the gateway's clock against this machine's.
        self._clock_offset_ms = 0
        self.device_session_id = None
        self.user_id = None
        if os.path.exists(self._session_file):
            with open(self._session_file, encoding="utf-8") as file:
                session = json.load(file)
            self.device_session_id, self.user_id = session["device_session_id"], session["user_id"]

    # Sign-in, docs/sign-in.md

    def request_code(self, email, locale="en"):
        """Has a code mailed. Returns the id of the challenge."""
        return self._public("send-email-code", {"email": email, "locale": locale})["challenge_id"]

    def confirm_code(self, challenge_id, code, device_name=None):
        """Binds the key of this device to a new session, and keeps the session."""
        public_key = self._key.public_key().public_bytes_raw()
        proof = self._key.sign(_signed_bytes("galaxy-confirm-v1", challenge_id, public_key))
        body = {
            "challenge_id": challenge_id,
            "code": code,
            "client_public_key": _base64(public_key),
            "proof": _base64(proof),
        }
        session = self._public("confirm-email-code", {**body, **({"device_name": device_name} if device_name else {})})
        self.device_session_id, self.user_id = session["device_session_id"], session["user_id"]
        with open(self._session_file, "w", encoding="utf-8") as file:
            json.dump(session, file)

    # Commands, docs/message-types.md

    def command(self, message_type, payload=None, idempotency_key="", if_match=""):
        """Runs a command and returns its result. Raises GalaxyError when it is refused."""
        request = self._request(message_type, payload or {})
        signed = _signed_bytes(
            "galaxy-execute-v1",
            request["protocolVersion"],
            request["deviceSessionId"],
            message_type,
            request["timestampMs"],
            request["requestId"],
            idempotency_key,
            if_match,
            request["payloadHash"],
        )
        request |= {"idempotencyKey": idempotency_key, "ifMatch": if_match, "signature": self._key.sign(signed)}
        response = self._connect_json("ExecuteCommand", request)
        body = base64.b64decode(response.get("payloadBytes", ""))
        if response.get("requestId") != request["requestId"]:
            raise Unverified("the response is for another request")
        self._verify(
            "galaxy-response-v1",
            response.get("keyId", ""),
            [
                hashlib.sha256(signed).digest(),
                int(response.get("timestampMs", 0)),
                response.get("resultCode", ""),
                hashlib.sha256(body).digest(),
            ],
            base64.b64decode(response.get("signature", "")),
        )
        result = json.loads(body or b"{}")
        if response["resultCode"] != "ok":
            error = result.get("error", {})
            details = error.get("details", {})
            raise GalaxyError(response["resultCode"], error.get("message", ""), details, details.get("retry_after_seconds"))
        return result

    # Events, docs/events.md

    def events(self, last_event_id=None):
        """Yields the player's events as dicts, the hello first. Ends with an exception: open it again with the last
        event_id that you have handled."""
        request = self._request(
            "gateway.events.subscribe", {"last_event_id": last_event_id} if last_event_id else {}
        )
        signed = _signed_bytes(
            "galaxy-subscribe-v1",
            request["protocolVersion"],
            request["deviceSessionId"],
            request["messageType"],
            request["timestampMs"],
            request["requestId"],
            request["payloadHash"],
        )
        request["signature"] = self._key.sign(signed)
        message = _protobuf(list(request.values()))
        http = self._open(
            "/galaxy.gateway.v1.EdgeGateway/SubscribeEvents",
            struct.pack(">BI", 0, len(message)) + message,
            {"content-type": "application/connect+proto", "connect-protocol-version": "1"},
            SILENCE_SECONDS,
        )
        with http:
            previous = None
            while True:
                flags, frame = _read_frame(http)
                if flags & 2:
                    raise _connect_error(json.loads(frame).get("error", {"message": "the stream has ended"}))
                if not frame:
                    continue
                event = self._verified_event(frame, hashlib.sha256(signed).digest())
                if event["event_type"] == "gateway.hello":
                    previous = event["payload"].get("last_event_id")
                else:
                    if previous is not None and event["prev_event_id"] != previous:
                        event["missed"] = True
                    previous = event["event_id"]
                yield event

    def _verified_event(self, frame, request_hash):
        fields = _parse_protobuf(frame)
        text = lambda number: fields.get(number, b"").decode()
        event_type, body, key_id = text(1), fields.get(7, b""), text(10)
        payload_hash = hashlib.sha256(body).digest()
        if event_type == "gateway.hello":
            covered, label = [request_hash, fields.get(5, 0), payload_hash], "galaxy-hello-v1"
        else:
            covered = [event_type, text(2), text(3), text(4), fields.get(5, 0), text(6), payload_hash]
            label = "galaxy-event-v1"
            if text(4) != self.user_id:
                raise Unverified("the event is for another user")
        self._verify(label, key_id, covered, fields.get(9, b""))
        return {
            "event_type": event_type,
            "event_id": text(2),
            "prev_event_id": text(3),
            "timestamp_ms": fields.get(5, 0),
            "payload": json.loads(body or b"{}"),
        }

    # What both need

    def _request(self, message_type, payload):
        if self.device_session_id is None:
            raise GalaxyError("signed_out", "sign in first")
        if not self._server_keys:
            self._fetch_server_keys()
        body = json.dumps(payload, separators=(",", ":")).encode()
        # In the order of the fields of the Protobuf messages.
        return {
            "protocolVersion": "v1",
            "deviceSessionId": self.device_session_id,
            "messageType": message_type,
            "timestampMs": int(time.time() * 1000) + self._clock_offset_ms,
            "requestId": str(uuid.uuid4()),
            "payloadBytes": body,
            "payloadHash": hashlib.sha256(body).digest(),
        }

    def _verify(self, label, key_id, covered, signature):
        if key_id not in self._server_keys:
            self._fetch_server_keys()
        if key_id not in self._server_keys:
            raise Unverified(f"the gateway has no key {key_id!r}")
        try:
            self._server_keys[key_id].verify(signature, _signed_bytes(label, key_id, *covered))
        except InvalidSignature:
            raise Unverified("the signature is not the gateway's") from None

    def _fetch_server_keys(self):
        with self._open("/api/v1/public/auth/server-keys", None, {}, TIMEOUT_SECONDS) as http:
            keys = json.load(http)["keys"]
            date = http.headers.get("date")
        if date:
            self._clock_offset_ms = int((parsedate_to_datetime(date).timestamp() - time.time()) * 1000)
        self._server_keys = {
            key["key_id"]: Ed25519PublicKey.from_public_bytes(base64.b64decode(key["public_key"])) for key in keys
        }

    def _public(self, name, body):
        data = json.dumps(body).encode()
        with self._open(
            f"/api/v1/public/auth/{name}", data, {"content-type": "application/json"}, TIMEOUT_SECONDS
        ) as http:
            return json.load(http)

    def _connect_json(self, method, message):
        data = json.dumps({name: _json_value(value) for name, value in message.items()}).encode()
        headers = {"content-type": "application/json", "connect-protocol-version": "1"}
        with self._open(f"/galaxy.gateway.v1.EdgeGateway/{method}", data, headers, TIMEOUT_SECONDS) as http:
            return json.load(http)

    def _open(self, path, data, headers, timeout):
        try:
            request = urllib.request.Request(self._url + path, data, headers)
            return urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            with error:
                body = json.loads(error.read() or b"{}")
            if "error" in body:
                details = body["error"].get("details", {})
                raise GalaxyError(
                    body["error"]["code"], body["error"]["message"], details, details.get("retry_after_seconds")
                ) from None
            raise _connect_error(body) from None


def _load_or_make_key(path):
    if os.path.exists(path):
        with open(path, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return key


def _signed_bytes(label, *fields):
    """Label and fields, each behind its length; docs/envelope.md."""
    parts = [label, *fields]
    return b"".join(struct.pack(">I", len(part)) + part for part in map(_field_bytes, parts))


def _field_bytes(value):
    if isinstance(value, int):
        return struct.pack(">q", value)
    return value.encode() if isinstance(value, str) else value


def _base64(value):
    return base64.b64encode(value).decode()


def _json_value(value):
    """Protobuf's JSON: bytes as base64, 64-bit numbers as text."""
    return _base64(value) if isinstance(value, bytes) else str(value)


def _connect_error(error):
    """The reason is in the google.rpc.ErrorInfo, as readable JSON or as Protobuf."""
    code, retry = error.get("code", "unknown"), None
    for detail in error.get("details", []):
        fields = _parse_protobuf(base64.b64decode(detail["value"] + "=="))
        if detail["type"] == "google.rpc.ErrorInfo":
            code = fields[1].decode()
        if detail["type"] == "google.rpc.RetryInfo":
            delay = _parse_protobuf(fields.get(1, b""))
            retry = delay.get(1, 0) + delay.get(2, 0) / 1e9
    return GalaxyError(code, error.get("message", ""), None, retry)


def _protobuf(values):
    """A message whose fields 1, 2, 3, ... have these values."""
    message = b""
    for number, value in enumerate(values, 1):
        if isinstance(value, int):
            message += _varint(number << 3) + _varint(value)
        else:
            data = value.encode() if isinstance(value, str) else value
            message += _varint(number << 3 | 2) + _varint(len(data)) + data
    return message


def _varint(value):
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def _parse_protobuf(message):
    """Field number → bytes or number; of the types that the gateway's messages have."""
    fields, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            fields[tag >> 3] = varint()
        elif tag & 7 == 2:
            length = varint()
            fields[tag >> 3] = message[at : at + length]
            at += length
        else:
            raise Unverified(f"a field of wire type {tag & 7}")
    return fields


def _read_frame(http):
    flags, length = struct.unpack(">BI", _read(http, 5))
    if length > MAX_FRAME_BYTES:
        raise Unverified(f"a frame of {length} bytes")
    return flags, _read(http, length)


def _read(http, length):
    data = b""
    while len(data) < length:
        more = http.read(length - len(data))
        if not more:
            raise ConnectionError("the stream was cut")
        data += more
    return data
