"""What the issuers of the presets put into tokens, by their documents, and what a gateway must read in them."""

import collections

import hostile_tokens
from tokens import GONE

# `claims` beside the usual ones; `config`: what the [[oidc]] table adds to its preset; `identity` without the issuer's
# name; `groups` and `job`: what must be among those on the record.
Preset = collections.namedtuple("Preset", "issuer claims config identity groups job")

DBA_GUID = "2f1c2f1c-0000-4000-8000-000000000001"
WORKFLOW = "acme/shop/.github/workflows/deploy.yml@refs/heads/main"

PRESETS = {
    "okta": Preset(
        "https://acme.okta.com/oauth2/default",
        {"ver": 1, "cid": "0oa1", "uid": "00u1", "scp": ["use"], "sub": "ann@example.com", "groups": ["Everyone", "agents"]},
        {}, "ann@example.com", ["agents", "Everyone"], {}),
    "entra": Preset(
        hostile_tokens.ENTRA, hostile_tokens.ENTRA_CLAIMS | {"sub": "pairwise", "groups": [DBA_GUID]},
        {"group_names": {DBA_GUID: "dba"}}, "ann@example.com", ["dba"], {}),
    "google": Preset(
        "https://accounts.google.com",
        {"azp": "1.apps.googleusercontent.com", "sub": "10769150350006150715113082367", "hd": "example.com", "email": "ann@example.com",
         "email_verified": True, "groups": GONE},
        {"group_names": {"hd:example.com": "agents"}}, "ann@example.com", ["agents"], {}),
    "keycloak": Preset(
        "https://sso.example.com/realms/acme",
        {"typ": "Bearer", "azp": "psql", "sub": "7f1c2d3e-0000-4000-8000-000000000001", "preferred_username": "ann", "groups": GONE,
         "realm_access": {"roles": ["agents", "offline_access"]}, "scope": "openid", "email_verified": False},
        {}, "ann", ["agents", "offline_access"], {}),
    "github-actions": Preset(
        "https://token.actions.githubusercontent.com",
        {"sub": "repo:acme/shop:ref:refs/heads/main", "ref": "refs/heads/main", "sha": "0a1b2c", "repository": "acme/shop",
         "repository_owner": "acme", "run_id": "77", "run_attempt": "1", "actor": "ann", "workflow": "deploy",
         "workflow_ref": WORKFLOW, "event_name": "push", "groups": GONE},
        {"group_names": {"repository:acme/shop": "agents"}}, "repo:acme/shop:ref:refs/heads/main", ["agents"],
        {"run": "77", "url": "https://github.com/acme/shop/actions/runs/77", "workflow": WORKFLOW, "by": "ann", "commit": "0a1b2c"}),
    "gitlab-ci": Preset(
        "https://gitlab.com",
        {"sub": "project_path:acme/shop:ref_type:branch:ref:main", "namespace_path": "acme", "project_path": "acme/shop",
         "pipeline_id": "88", "job_id": "99", "ref": "main", "user_login": "ann", "user_email": "ann@example.com",
         "pipeline_source": "push", "ci_config_ref_uri": "gitlab.com/acme/shop//.gitlab-ci.yml@refs/heads/main", "groups": GONE},
        {"group_names": {"project_path:acme/shop": "agents"}}, "project_path:acme/shop:ref_type:branch:ref:main", ["agents"],
        {"run": "88", "job": "99", "url": "https://gitlab.com/acme/shop/-/jobs/99"}),
    "kubernetes": Preset(
        "https://kubernetes.default.svc.cluster.local",
        {"sub": "system:serviceaccount:batch:exporter", "aud": ["sallyport"], "jti": GONE, "groups": GONE,
         "kubernetes.io": {"namespace": "batch", "pod": {"name": "exporter-1", "uid": "u1"},
                           "serviceaccount": {"name": "exporter", "uid": "u2"}}},
        {"group_names": {"system:serviceaccounts:batch": "agents"}}, "system:serviceaccount:batch:exporter",
        ["agents", "system:serviceaccounts"], {"namespace": "batch", "service-account": "exporter", "pod": "exporter-1"}),
    "spiffe": Preset(
        "spiffe://acme.test",
        {"iss": GONE, "sub": "spiffe://acme.test/batch/exporter", "aud": ["sallyport"], "jti": GONE, "nbf": GONE, "groups": GONE},
        {"groups": ["sub:"], "group_names": {"sub:spiffe://acme.test/batch/exporter": "agents"}},
        "spiffe://acme.test/batch/exporter", ["agents"], {}),
}
