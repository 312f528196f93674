# The same questions as to the newer one.
# shellcheck source=/dev/null
source "$lab/prometheus/check.sh"
