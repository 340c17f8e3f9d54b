"""Bring a packaged stage to AWS, or to the emulator: the same code, told apart only by AWS_ENDPOINT_URL.

    python -m infra.package --stage prod && python -m infra.deploy --stage prod
    python -m infra.deploy --stage dev --destroy

The stack changes by change set: nothing happens before CloudFormation has worked out what would, and nothing that holds
data is replaced or deleted unless somebody says yes to it by name (or YES=1 stands in the environment).
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3

from infra.package import BUILD, STAGES

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
POLL_S = 2.0
DEPLOY_TIMEOUT_S = 1800
#: What holds data, or the key to it.
STATEFUL = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SQS::Queue"}

Consent = Callable[[Sequence[str]], bool]


class DeploymentFailed(Exception):  # noqa: N818 - says what is the case
    """CloudFormation gave up, or was not let; the text says why."""


def ask(risks: Sequence[str]) -> bool:
    """Whether somebody at the terminal agrees to lose this. Without a terminal only YES=1 does."""
    if os.environ.get("YES") == "1":
        return True
    print("This holds data and would be lost:", *(f"  {risk}" for risk in risks), sep="\n", file=sys.stderr)
    if not sys.stdin.isatty():
        print("Nobody to ask here: say YES=1 if it shall be so.", file=sys.stderr)
        return False
    return input("Go on? Type yes: ").strip() == "yes"


def deploy(
    stage: str,
    folder: Path,
    parameters: Mapping[str, str],
    *,
    quiet: bool = False,
    poll_s: float = POLL_S,
    consent: Consent = ask,
) -> dict[str, str]:
    """Bring the stack of `stage` to what `folder` holds; the stack's outputs. `parameters` override the defaults."""
    stack = f"exchange-{stage}"
    template, url = upload(stack, folder)
    cloudformation = boto3.client("cloudformation")
    now = _parameters(cloudformation, stack)
    change_set = f"change-{time.time_ns()}"
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=change_set,
        ChangeSetType="CREATE" if now is None else "UPDATE",
        TemplateURL=url,
        Capabilities=CAPABILITIES,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": str(value)}
            for key, value in _chosen(template, now or {}, parameters).items()
        ],
    )
    changes = _planned(cloudformation, stack, change_set, poll_s)
    if changes and (risks := at_risk(changes)) and not consent(risks):
        cloudformation.delete_change_set(StackName=stack, ChangeSetName=change_set)
        raise DeploymentFailed("refused: " + "; ".join(risks))
    if changes:
        if not quiet:
            print(_summary(changes), flush=True)
        seen: set[str] = set()
        _news(cloudformation, stack, seen)
        cloudformation.execute_change_set(StackName=stack, ChangeSetName=change_set)
        _follow(cloudformation, stack, seen, quiet=quiet, poll_s=poll_s)
    if stage == "prod":
        cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=True)
    return _outputs(cloudformation, stack)


def at_risk(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What holds data and would be deleted or replaced by these changes, as a sentence each."""
    sentences = []
    for change in changes:
        one = change["ResourceChange"]
        if one["ResourceType"] in STATEFUL:
            name = f"{one['LogicalResourceId']} ({one['ResourceType']} {one.get('PhysicalResourceId', '')})"
            if one["Action"] == "Remove":
                kept = one.get("PolicyAction") == "Retain"
                sentences.append(f"{name} would {'leave the stack' if kept else 'be deleted'}")
            elif one.get("Replacement") in {"True", "Conditional"}:
                because = {
                    detail["Target"].get("Name", detail["Target"]["Attribute"])
                    for detail in one.get("Details", ())
                    if detail["Target"].get("RequiresRecreation") != "Never"
                }
                may = "might" if one["Replacement"] == "Conditional" else "would"
                sentences.append(f"{name} {may} be replaced, for its {', '.join(sorted(because))}")
    return sentences


def destroy(stage: str, *, quiet: bool = False, poll_s: float = POLL_S, consent: Consent = ask) -> None:
    """Delete a stage with all that it holds. Not production."""
    if stage == "prod":
        raise DeploymentFailed(
            "prod is not destroyed by a command: its stack is protected, its data outlives the stack"
        )
    stack = f"exchange-{stage}"
    cloudformation = boto3.client("cloudformation")
    if _parameters(cloudformation, stack) is None:
        raise DeploymentFailed(f"there is no stack {stack}")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    held = [
        (one["ResourceType"], one["PhysicalResourceId"])
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] in STATEFUL
    ]
    if not consent([f"{kind} {name}" for kind, name in held]):
        raise DeploymentFailed("refused")
    stack_id = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    for attempt in (1, 2):  # a schedule may write to a bucket just emptied; the first attempt ends the schedules
        for kind, name in held:
            if kind == "AWS::S3::Bucket":
                _empty(name)
        seen: set[str] = set()
        _news(cloudformation, stack_id, seen)
        cloudformation.delete_stack(StackName=stack)
        try:
            _follow(cloudformation, stack_id, seen, quiet=quiet, poll_s=poll_s)
        except DeploymentFailed:
            if attempt == 2:
                raise
        else:
            break
    _empty(_bucket(stack))
    boto3.client("s3").delete_bucket(Bucket=_bucket(stack))


def upload(stack: str, folder: Path) -> tuple[dict[str, Any], str]:
    """Put zip and template into the stack's deployment bucket, named by content; the template and its URL."""
    s3 = boto3.client("s3")
    bucket = _bucket(stack)
    _ensure_bucket(s3, bucket)
    code = (folder / "code.zip").read_bytes()
    code_key = f"code/{hashlib.sha256(code).hexdigest()}.zip"
    s3.put_object(Bucket=bucket, Key=code_key, Body=code)
    template: dict[str, Any] = json.loads((folder / "template.json").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": code_key}
    text = json.dumps(template, sort_keys=True).encode()
    template_key = f"templates/{hashlib.sha256(text).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=template_key, Body=text)
    return template, f"{s3.meta.endpoint_url}/{bucket}/{template_key}"


def _bucket(stack: str) -> str:
    return f"{stack}-deployments-{boto3.client('sts').get_caller_identity()['Account']}"


def _ensure_bucket(s3: Any, bucket: str) -> None:  # noqa: ANN401 - boto3 makes its classes at run time
    try:
        s3.head_bucket(Bucket=bucket)
    except s3.exceptions.ClientError:
        region = s3.meta.region_name
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **where)
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        )


def _empty(bucket: str) -> None:
    """Delete all versions of all objects."""
    s3 = boto3.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        objects = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        ]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


def _parameters(cloudformation: Any, stack: str) -> dict[str, str] | None:  # noqa: ANN401 - as above
    """The parameters that a stack has now; None when there is no such stack."""
    try:
        description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except cloudformation.exceptions.ClientError:
        return None
    if description["StackStatus"] == "REVIEW_IN_PROGRESS":
        return None
    return {one["ParameterKey"]: one["ParameterValue"] for one in description.get("Parameters", ())}


def _chosen(template: Mapping[str, Any], now: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """What is given; and what the stage leaves empty keeps the value that the stack has."""
    kept = {
        name: now[name]
        for name, parameter in template["Parameters"].items()
        if parameter.get("Default") == "" and now.get(name)
    }
    return {**kept, **given}


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:  # noqa: ANN401 - as above
    description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in description.get("Outputs", ())}


def _planned(cloudformation: Any, stack: str, change_set: str, poll_s: float) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
    """Wait for the change set; its changes, none when there is nothing to change."""
    deadline = time.monotonic() + DEPLOY_TIMEOUT_S
    while time.monotonic() < deadline:
        seen = cloudformation.describe_change_set(StackName=stack, ChangeSetName=change_set)
        if seen["Status"] == "CREATE_COMPLETE":
            changes: list[dict[str, Any]] = seen["Changes"]
            while "NextToken" in seen:
                seen = cloudformation.describe_change_set(
                    StackName=stack, ChangeSetName=change_set, NextToken=seen["NextToken"]
                )
                changes += seen["Changes"]
            return changes
        if seen["Status"] == "FAILED":
            reason = seen.get("StatusReason", "")
            if "didn't contain changes" in reason or "No updates" in reason:
                cloudformation.delete_change_set(StackName=stack, ChangeSetName=change_set)
                return []
            raise DeploymentFailed(reason)
        time.sleep(poll_s)
    raise DeploymentFailed(f"no change set within {DEPLOY_TIMEOUT_S} s")


def _summary(changes: Sequence[Mapping[str, Any]]) -> str:
    actions = [change["ResourceChange"]["Action"] for change in changes]
    counts = {"add": actions.count("Add"), "change": actions.count("Modify"), "remove": actions.count("Remove")}
    return "resources to " + ", to ".join(f"{verb}: {count}" for verb, count in counts.items())


def _news(cloudformation: Any, stack: str, seen: set[str]) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
    """The stack's events that are not in `seen`, oldest first; they are then."""
    found: list[dict[str, Any]] = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        new = [one for one in page["StackEvents"] if one["EventId"] not in seen]
        found += new
        if len(new) < len(page["StackEvents"]):
            break
    seen.update(one["EventId"] for one in found)
    return found[::-1]


def _follow(cloudformation: Any, stack: str, seen: set[str], *, quiet: bool, poll_s: float) -> None:  # noqa: ANN401 - as above
    """Print what happens to each resource until the stack has settled; `seen` are the events of earlier times."""
    failures: list[str] = []
    started = time.monotonic()
    while time.monotonic() < started + DEPLOY_TIMEOUT_S:
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        for event in _news(cloudformation, stack, seen):
            what = f"{event['ResourceType'].removeprefix('AWS::'):<24} {event['LogicalResourceId']}"
            line = f"{event['ResourceStatus']:<28} {what}  {event.get('ResourceStatusReason', '')}".rstrip()
            if event["ResourceStatus"].endswith("_FAILED"):
                failures.append(line)
            if not quiet:
                print(f"{time.monotonic() - started:6.0f} s  {line}", flush=True)
        if not status.endswith("_IN_PROGRESS"):
            if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}:
                return
            raise DeploymentFailed("\n".join([status, *failures]))
        time.sleep(poll_s)
    raise DeploymentFailed(f"not settled within {DEPLOY_TIMEOUT_S} s")


def _to_aws(stage: str) -> dict[str, str]:
    """Deploy; a stage without a domain of its own is reached, and linked to, by API Gateway's address."""
    outputs = deploy(stage, BUILD / stage, {})
    if not outputs["PublicUrl"]:
        outputs = deploy(stage, BUILD / stage, {"PublicUrl": outputs["Url"]})
    return outputs


def main() -> int:
    """``python -m infra.deploy --stage prod``; for stage local, `make run` has to be running."""
    from infra import local

    parser = argparse.ArgumentParser(description="Deploy a packaged stage, or destroy it.")
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--destroy", action="store_true")
    chosen = parser.parse_args()
    try:
        if chosen.stage == "local" and not chosen.destroy:
            local.redeploy()
        elif chosen.destroy:
            destroy(chosen.stage)
        else:
            outputs = _to_aws(chosen.stage)
            print(outputs["PublicUrl"])
    except (DeploymentFailed, local.NotRunning) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
