"""Bring a packaged stage to AWS, or to the emulator: the same code, told apart only by AWS_ENDPOINT_URL.

    python -m infra.package --stage prod && python -m infra.deploy --stage prod

The stack changes by change set: nothing happens before CloudFormation has worked out what would.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from infra.package import BUILD, STAGES

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
POLL_S = 2.0
DEPLOY_TIMEOUT_S = 1800


class DeploymentFailed(Exception):  # noqa: N818 - says what is the case
    """CloudFormation gave up; the text says why."""


def deploy(
    stage: str, folder: Path, parameters: Mapping[str, str], *, quiet: bool = False, poll_s: float = POLL_S
) -> dict[str, str]:
    """Bring the stack of `stage` to what `folder` holds; the stack's outputs. `parameters` override the defaults."""
    stack = f"exchange-{stage}"
    url = upload(stack, folder)
    cloudformation = boto3.client("cloudformation")
    exists = _exists(cloudformation, stack)
    change_set = f"change-{time.time_ns()}"
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE" if exists else "CREATE",
        TemplateURL=url,
        Capabilities=CAPABILITIES,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    if _planned(cloudformation, stack, change_set, poll_s):
        cloudformation.execute_change_set(StackName=stack, ChangeSetName=change_set)
        _follow(cloudformation, stack, quiet=quiet, poll_s=poll_s)
    return _outputs(cloudformation, stack)


def upload(stack: str, folder: Path) -> str:
    """Put zip and template into the stack's deployment bucket, named by content; the template's URL."""
    s3 = boto3.client("s3")
    account = boto3.client("sts").get_caller_identity()["Account"]
    bucket = f"{stack}-deployments-{account}"
    _ensure_bucket(s3, bucket)
    code = (folder / "code.zip").read_bytes()
    code_key = f"code/{hashlib.sha256(code).hexdigest()}.zip"
    s3.put_object(Bucket=bucket, Key=code_key, Body=code)
    template = json.loads((folder / "template.json").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": code_key}
    text = json.dumps(template, sort_keys=True).encode()
    template_key = f"templates/{hashlib.sha256(text).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=template_key, Body=text)
    return f"{s3.meta.endpoint_url}/{bucket}/{template_key}"


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


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:  # noqa: ANN401 - boto3 makes its classes at run time
    description = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in description.get("Outputs", ())}


def _exists(cloudformation: Any, stack: str) -> bool:  # noqa: ANN401 - as above
    try:
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except cloudformation.exceptions.ClientError:
        return False
    return bool(status != "REVIEW_IN_PROGRESS")


def _planned(cloudformation: Any, stack: str, change_set: str, poll_s: float) -> bool:  # noqa: ANN401 - as above
    """Wait for the change set; False when there is nothing to change."""
    deadline = time.monotonic() + DEPLOY_TIMEOUT_S
    while time.monotonic() < deadline:
        seen = cloudformation.describe_change_set(StackName=stack, ChangeSetName=change_set)
        if seen["Status"] == "CREATE_COMPLETE":
            return True
        if seen["Status"] == "FAILED":
            reason = seen.get("StatusReason", "")
            if "didn't contain changes" in reason or "No updates" in reason:
                cloudformation.delete_change_set(StackName=stack, ChangeSetName=change_set)
                return False
            raise DeploymentFailed(reason)
        time.sleep(poll_s)
    raise DeploymentFailed(f"no change set within {DEPLOY_TIMEOUT_S} s")


def _follow(cloudformation: Any, stack: str, *, quiet: bool, poll_s: float) -> None:  # noqa: ANN401 - as above
    """Print what happens to each resource until the stack has settled."""
    seen: set[str] = set()
    started = time.time() - 5
    failures: list[str] = []
    deadline = time.monotonic() + DEPLOY_TIMEOUT_S
    while time.monotonic() < deadline:
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        for event in reversed(cloudformation.describe_stack_events(StackName=stack)["StackEvents"]):
            if event["EventId"] in seen or event["Timestamp"].timestamp() < started:
                continue
            seen.add(event["EventId"])
            line = f"{event['ResourceStatus']:<28} {event['LogicalResourceId']} {event.get('ResourceStatusReason', '')}"
            if event["ResourceStatus"].endswith("_FAILED"):
                failures.append(line)
            if not quiet:
                print(line.rstrip(), flush=True)
        if not status.endswith("_IN_PROGRESS"):
            if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
                return
            raise DeploymentFailed("\n".join([status, *failures]))
        time.sleep(poll_s)
    raise DeploymentFailed(f"not settled within {DEPLOY_TIMEOUT_S} s")


def main() -> None:
    """``python -m infra.deploy --stage prod``; for stage local, `make run` has to be running."""
    parser = argparse.ArgumentParser(description="Deploy a packaged stage.")
    parser.add_argument("--stage", choices=STAGES, required=True)
    stage = parser.parse_args().stage
    if stage == "local":
        from infra import local

        local.redeploy()
    else:
        print(_to_aws(stage)["Url"])


def _to_aws(stage: str) -> dict[str, str]:
    """Deploy; a stage without a domain of its own is reached, and linked to, by API Gateway's address."""
    folder = BUILD / stage
    template = json.loads((folder / "template.json").read_text())
    if template["Parameters"]["PublicUrl"]["Default"]:
        return deploy(stage, folder, {})
    cloudformation = boto3.client("cloudformation")
    stack = f"exchange-{stage}"
    if not _exists(cloudformation, stack):
        deploy(stage, folder, {})
    return deploy(stage, folder, {"PublicUrl": _outputs(cloudformation, stack)["Url"]})


if __name__ == "__main__":
    main()
