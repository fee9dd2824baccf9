"""Ansible's view of module_utils/pgops/signed_file.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: signed_file
short_description: Keep a JSON document with the signature of an operator's SSH key beside it
description:
  - Writes O(document) to O(path), and the signature by C(ssh-keygen -Y sign) to the same name with C(.sig) at its end.
  - Whoever has the operator's public key can verify it with C(ssh-keygen -Y verify), and nobody can forge it with that.
  - Another document at O(path) is never overwritten.
options:
  path:
    description: File to write. Its directory must exist.
    type: path
    required: true
  document:
    description: What to write. Without it nothing is written; it is only proved that O(key) signs and O(path) is free.
    type: dict
  key:
    description:
      - File of a private key without passphrase, or of the public half of a key that C(ssh-agent) holds.
    type: path
    required: true
  namespace:
    description: What the signature is for; a verifier has to name the same.
    type: str
    required: true
requirements:
  - ssh-keygen of OpenSSH 8.2 or newer
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Sign the result
  signed_file:
    path: cutover.json
    document: "{{ cutover.document }}"
    key: ~/.ssh/id_ed25519
    namespace: threadr-cutover
  delegate_to: localhost
"""

RETURN = r"""
signature: {description: File of the signature., returned: success, type: str, sample: cutover.json.sig}
key: {description: Fingerprint of the key., returned: success, type: str, sample: "SHA256:XCz0y4RqmF8yPvCOEjo4dUMrBcGw1xFi0rAa2kwlCqM"}
diff: {description: The document., returned: success, type: dict, sample: {before: "", after: "{}"}}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.signed_file import keep

OPTIONS = {
    "path": {"type": "path", "required": True},
    "document": {"type": "dict"},
    "key": {"type": "path", "required": True, "no_log": False},
    "namespace": {"type": "str", "required": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    params = module.params
    try:
        result = keep(
            Path(params["path"]), params["document"], Path(params["key"]), params["namespace"], module.check_mode
        )
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
