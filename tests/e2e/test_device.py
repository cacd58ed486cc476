"""The device flow at the gateway itself, by plain curl: RFC 8628 against a certified provider, and what it refuses."""

import json
import subprocess
import time

import login_case
import oidc_provider
import process
import tap
from oidc_provider import Person

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Device(login_case.Case):
    SERVER_KEYS = "failed_logins = 0\n" + login_case.ADMIN

    @classmethod
    def issuers(cls):
        return super().issuers() + '\n[[delegation]]\nidentities = ["corp:ann@example.com"]\nfor = ["corp:bob@example.com"]\n'

    def curl(self, path, **fields):
        """(status, answer) of a form sent by curl; None fields are left out."""
        words = [one for key, value in fields.items() if value is not None for one in ("--data-urlencode", f"{key}={value}")] or ["-d", ""]
        done = subprocess.run(["curl", "-sS", "--cacert", self.ca, "-X", "POST", "-w", "\n%{http_code}", self.url + path, *words],
                              capture_output=True, text=True, timeout=60, check=True)
        body, status = done.stdout.rsplit("\n", 1)
        return int(status), json.loads(body)

    def begin(self, **fields):
        status, got = self.curl("/oauth/device_authorization", **fields)
        self.assertEqual(200, status, got)
        return got

    def poll(self, code):
        status, got = self.curl("/oauth/token", grant_type=DEVICE, device_code=code)
        return got.get("error", ""), status, got

    def until(self, code, *others):
        """Polls as the interval says until the answer is none of `others`."""
        def over():
            time.sleep(1)
            found = self.poll(code)
            return found if found[0] not in ("authorization_pending", "slow_down", *others) else None
        return process.until(over, "the login's end")

    def test_login(self):
        """begun, pending, a person's yes, the ticket: psql logs in with it as that person"""
        self.provider.devices(interval=1)
        begun = self.begin(scope="target:shop", expires_in="600")
        self.assertEqual(1, begun["interval"])
        self.assertRegex(begun["device_code"], r"^spd_[\w-]{43}$")
        self.assertRegex(begun["user_code"], r"^\S{4}-\S{4}$")
        time.sleep(1)
        self.assertEqual("authorization_pending", self.poll(begun["device_code"])[0])
        Person(self.provider, "ann").enter(begun["verification_uri_complete"])
        error, status, got = self.until(begun["device_code"])
        self.assertEqual(("", 200), (error, status), got)
        self.assertEqual("corp:ann@example.com", got["identity"])
        self.assertEqual(["shop"], [one["name"] for one in got["targets"]])
        env = self.environment() | {"PGUSER": f"{got['ticket']},shop", "PGPASSWORD": got["access_token"]}
        self.assertEqual("in", self.good_psql("SELECT 'in'", env=env))
        self.assertEqual("corp:ann@example.com", self.login_facts()[1]["identity"])
        # Once.
        self.assertEqual("invalid_grant", self.poll(begun["device_code"])[0])

    def test_issuers_code_stays(self):
        """the issuer's own code is no use at the gateway, and the gateway's none at the issuer"""
        self.provider.devices(interval=1)
        begun = self.begin()
        with self.assertRaises(oidc_provider.Refused):
            self.provider.post("/token", {"grant_type": DEVICE, "client_id": "cli", "device_code": begun["device_code"]})
        theirs = self.provider.post("/device/auth", {"client_id": "cli", "scope": "openid"})
        self.assertEqual("invalid_grant", self.poll(theirs["device_code"])[0])
        for wrong in ("", "spd_", begun["device_code"][:-1], begun["device_code"] + "x", begun["device_code"].upper()):
            self.assertEqual("invalid_grant", self.poll(wrong)[0], wrong)

    def test_too_fast(self):
        """who polls at once is slowed down, by the gateway, and its issuer hears nothing of it"""
        self.provider.devices(interval=30)
        code = self.begin()["device_code"]
        before = self.provider.counts()["token"]
        for _ in range(20):
            self.assertEqual("slow_down", self.poll(code)[0])
        self.assertEqual(before, self.provider.counts()["token"])

    def test_denied(self):
        """a person who says no ends it"""
        self.provider.devices(interval=1)
        begun = self.begin()
        Person(self.provider, "ann", refuses=True).enter(begun["verification_uri_complete"])
        self.assertEqual("access_denied", self.until(begun["device_code"])[0])
        self.assertEqual("invalid_grant", self.poll(begun["device_code"])[0])

    def test_expired(self):
        """nobody says yes in time"""
        self.provider.devices(life=2, interval=1)
        code = self.begin()["device_code"]
        self.assertEqual("expired_token", self.until(code)[0])

    def test_wishes(self):
        """a target that the person may not open, an issuer that is none, forms that are none"""
        self.provider.devices(interval=1)
        for fields in ({"scope": "shop"}, {"expires_in": "soon"}, {"issuer": "nobody"}):
            status, got = self.curl("/oauth/device_authorization", **fields)
            self.assertEqual(400, status, got)
        begun = self.begin(scope="target:nowhere")
        Person(self.provider, "ann").enter(begun["verification_uri_complete"])
        self.assertEqual("invalid_request", self.until(begun["device_code"])[0])

    def test_on_behalf(self):
        """for whom it is asked is settled when it begins, and refused for others"""
        self.provider.devices(interval=1)
        begun = self.begin(on_behalf_of="corp:bob@example.com")
        Person(self.provider, "ann").enter(begun["verification_uri_complete"])
        _, status, got = self.until(begun["device_code"])
        self.assertEqual(200, status, got)
        env = self.environment() | {"PGUSER": f"{got['ticket']},shop", "PGPASSWORD": got["access_token"]}
        self.good_psql("SELECT 1", env=env)
        self.assertEqual("corp:bob@example.com", self.login_facts()[1]["on_behalf_of"])
        begun = self.begin(on_behalf_of="corp:carol@example.com")
        Person(self.provider, "ann").enter(begun["verification_uri_complete"])
        self.assertIn("may not speak for", self.until(begun["device_code"])[2]["error_description"])

    def test_metadata(self):
        """RFC 8414: where to ask"""
        done = subprocess.run(["curl", "-sS", "--cacert", self.ca, self.url + "/.well-known/oauth-authorization-server"],
                              capture_output=True, text=True, timeout=60, check=True)
        told = json.loads(done.stdout)
        self.assertTrue(told["device_authorization_endpoint"].endswith("/oauth/device_authorization"))
        self.assertIn(DEVICE, told["grant_types_supported"])


class Many(login_case.Case):
    SERVER_KEYS = login_case.ADMIN
    curl, begin = Device.curl, Device.begin

    def test_many(self):
        """one address has eight under way at most, and the provider hears of no more"""
        self.provider.devices(interval=1)
        for _ in range(8):
            self.begin()
        status, got = self.curl("/oauth/device_authorization")
        self.assertEqual((429, "slow_down"), (status, got["error"]))


if __name__ == "__main__":
    tap.main()
