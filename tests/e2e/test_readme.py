"""The Python client of the README does what the README says."""

import re
import subprocess
import sys
from pathlib import Path

from support.deadlines import STEP

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_client_joins_and_lists_its_office(start_gateway):
    gateway = start_gateway({"auth.provider": "api_key", "auth.api_key.admin_secret": "SECRET"})
    program = re.search(r"```python\n(.*?)```", README.read_text(), re.S)[1]
    program = program.replace("127.0.0.1:8000", "%s:%d" % gateway.address)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=STEP * 4)
    assert done.stdout == "in the office: ['bot']\n", (done.stdout, done.stderr)
