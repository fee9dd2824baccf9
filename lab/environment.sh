# Sourced by every shell entry point: where things are, and how podman is to be used.
project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export PATH="$project/.venv/bin:$PATH"
export ANSIBLE_CONFIG="$project/ansible.cfg"
# Where this is set, every program is compiled anew whenever it starts, and so is every module in the lab's containers, which see
# what is compiled here: half of the processor time of all tests.
unset PYTHONDONTWRITEBYTECODE

# A podman that has a configuration keeps it. One that has none is given ours, for these commands only.
if [ -z "${CONTAINERS_CONF:-}" ] && [ ! -e /etc/containers/containers.conf ] \
  && [ ! -e "${XDG_CONFIG_HOME:-$HOME/.config}/containers/containers.conf" ]; then
  export CONTAINERS_CONF="$project/lab/containers.conf"
fi
