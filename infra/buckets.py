"""The S3 buckets: the archive of the exchange, and what people upload."""

from typing import Any

from chalicelib import settings
from chalicelib.stores import uploads

Template = dict[str, Any]

#: An upload that came by itself and that nothing looked at; one that was looked at and that nothing holds.
INCOMING_DAYS = 1
UNHELD_DAYS = 7


def buckets(retained: Template) -> Template:
    """All of them; `retained`: what holds data is never replaced."""
    return {
        "Archive": _bucket(
            "archive",
            retained,
            [
                {
                    "Id": "forget-old-versions",
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ],
            VersioningConfiguration={"Status": "Enabled"},
        ),
        "Uploads": _bucket(
            "uploads",
            retained,
            [
                {
                    "Id": "forget-incoming",
                    "Status": "Enabled",
                    "Prefix": uploads.INCOMING,
                    "ExpirationInDays": INCOMING_DAYS,
                },
                {
                    "Id": "forget-unheld",
                    "Status": "Enabled",
                    "Prefix": uploads.KEPT,
                    "TagFilters": [{"Key": uploads.TAG, "Value": "no"}],
                    "ExpirationInDays": UNHELD_DAYS,
                },
                {
                    "Id": "forget-unfinished",
                    "Status": "Enabled",
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                },
            ],
            # A browser asks before it posts a form from our page: what it may post the form's own signature says.
            CorsConfiguration={
                "CorsRules": [
                    {"AllowedOrigins": ["*"], "AllowedMethods": ["POST"], "AllowedHeaders": ["*"], "MaxAge": 600}
                ]
            },
        ),
    }


def _bucket(noun: str, retained: Template, forgetting: list[Template], **more: Template) -> Template:
    """A bucket that nobody outside sees into, encrypted, with rules for what it forgets."""
    return {
        "Type": "AWS::S3::Bucket",
        **retained,
        "Properties": {
            "BucketName": {"Fn::Sub": f"{settings.STACK}-{noun}-${{AWS::AccountId}}"},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {"Rules": forgetting},
            **more,
        },
    }
