"""Versions against a foreign server: what it keeps, what comes back, what goes for good."""

import json
import unittest

import support


class Versions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = support.server()
        cls.s3 = cls.server.client()
        cls.bucket = "kept-versions"
        cls.s3.create_bucket(Bucket=cls.bucket)
        cls.s3.put_bucket_versioning(Bucket=cls.bucket, VersioningConfiguration={"Status": "Enabled"})

    def setUp(self):
        self.home = support.Home(self.server.endpoint)
        self.addCleanup(self.home.remove)

    def put(self, key, *texts):
        for text in texts:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def listed(self, key):
        lines = self.home.run("ls", "--versions", "--json", f"real:{self.bucket}/{key}").stdout.splitlines()
        return [json.loads(line) for line in lines]

    def body(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def test_old_versions_are_listed_read_and_made_the_newest(self):
        self.put("a/plan", "one", "two", "three")
        rows = self.listed("a/plan")
        self.assertEqual([row["latest"] for row in rows], [True, False, False])
        oldest = rows[-1]["version_id"]
        place = f"real:{self.bucket}/a/plan"
        self.assertEqual(self.home.run("cat", "--version-id", oldest, place).stdout, b"one")
        self.home.run("cp", "--version-id", oldest, place, place)
        self.assertEqual(self.body("a/plan"), "one")
        self.assertEqual(len(self.listed("a/plan")), 4)

    def test_what_was_deleted_comes_back_and_what_is_purged_does_not(self):
        self.put("b/note", "kept")
        place = f"real:{self.bucket}/b/note"
        self.home.run("rm", place)
        rows = self.listed("b/note")
        self.assertEqual([row["kind"] for row in rows], ["delete-marker", "version"])
        self.home.run("undelete", place)
        self.assertEqual(self.body("b/note"), "kept")
        self.home.run("rm", "-r", "--versions", "--force", f"real:{self.bucket}/b/")
        left = self.s3.list_object_versions(Bucket=self.bucket, Prefix="b/")
        self.assertEqual(left.get("Versions", []) + left.get("DeleteMarkers", []), [])


if __name__ == "__main__":
    unittest.main()
