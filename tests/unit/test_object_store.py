"""The S3 server of the lab lets in whoever knows the secret, and nobody else."""

import pytest

from lab.object_store_server import guarded, refusal

SETTINGS = {"key": "AKIAIOSFODNN7EXAMPLE", "secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
# The example of the documentation of S3, signed there.
HEADERS = {
    "HTTP_HOST": "examplebucket.s3.amazonaws.com",
    "HTTP_RANGE": "bytes=0-9",
    "HTTP_X_AMZ_CONTENT_SHA256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "HTTP_X_AMZ_DATE": "20130524T000000Z",
}
SIGNATURE = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential={key}/20130524/us-east-1/s3/aws4_request,"
    "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature={signature}"
)


class Body:
    def __init__(self) -> None:
        self.was_read = False

    def read(self) -> bytes:
        self.was_read = True
        return b""


def request(key: str = SETTINGS["key"], signature: str = SIGNATURE, path: str = "/test.txt") -> dict:
    authorization = AUTHORIZATION.format(key=key, signature=signature)
    return {**HEADERS, "REQUEST_METHOD": "GET", "RAW_URI": path, "HTTP_AUTHORIZATION": authorization}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param(request(), "", id="signed"),
        pytest.param(request(key="another"), "InvalidAccessKeyId", id="another-key"),
        pytest.param(request(signature="0" * 64), "SignatureDoesNotMatch", id="another-secret"),
        pytest.param(request(path="/other.txt"), "SignatureDoesNotMatch", id="another-request"),
        pytest.param({**request(), "HTTP_AUTHORIZATION": ""}, "AccessDenied", id="nobody"),
    ],
)
def test_only_what_is_signed_passes(asked, code):
    assert refusal(SETTINGS, asked) == code


def test_what_is_refused_is_read_and_does_not_reach_the_store():
    answers, body = [], Body()
    guard = guarded(lambda environ, start_response: pytest.fail("it reached the store"), SETTINGS)
    said = guard({**request(key="another"), "wsgi.input": body}, lambda status, headers: answers.append(status))
    assert answers == ["403 Forbidden"]
    assert b"<Code>InvalidAccessKeyId</Code>" in b"".join(said)
    assert body.was_read
