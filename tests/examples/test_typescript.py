"""A client generated from the OpenAPI document: TypeScript accepts the example, and refuses what the bridge would refuse."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.architecture.rules import ROOT
from tests.examples.programs import install, run

EXAMPLE = ROOT / "examples" / "typescript"
WRONG = """
import type { components, paths } from "./crm.d.ts";
export const misspelt: components["schemas"]["CreateClient"] = { given_nam: "Grace" };
export const missing: components["schemas"]["ArchiveClient"] = {};
export const text: NonNullable<paths["/v1/clients/list_clients"]["get"]["parameters"]["query"]> = { limit: "many" };
export type Unknown = paths["/v1/clients/no_such_request"];
"""


@pytest.mark.node
@pytest.mark.timeout(180)
async def test_a_generated_client_type_checks(tmp_path: Path) -> None:
    for name in ("package.json", "tsconfig.json", "client.ts"):
        shutil.copy(EXAMPLE / name, tmp_path)
    node = await install(tmp_path)
    generator, compiler = (tmp_path / "node_modules" / name for name in ("openapi-typescript", "typescript"))
    document, types = ROOT / "contracts" / "openapi.json", tmp_path / "crm.d.ts"
    command = json.loads((EXAMPLE / "package.json").read_text())["scripts"]["generate"].split()
    options = command[2 : command.index("--output")]
    code, output = await run(node, generator / "bin" / "cli.js", document, *options, "--output", types)
    assert code == 0, output
    code, output = await run(node, compiler / "bin" / "tsc", "--project", tmp_path)
    assert code == 0, output
    (tmp_path / "wrong.ts").write_text(WRONG)
    code, output = await run(node, compiler / "bin" / "tsc", "--project", tmp_path)
    refused = set(re.findall(r"wrong\.ts\((\d+),", output))
    assert code != 0 and refused == {"3", "4", "5", "6"}, output
