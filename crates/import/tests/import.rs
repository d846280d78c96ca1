//! Accounts of the Node stack, imported into a real SQLite file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jetway_gateway::domain::{BcryptCost, Password, PasswordHash, Peppers};
use jetway_gateway::hashing::Settings;
use jetway_gateway::test_support::{TestPorts, block_on};
use tempfile::TempDir;

/// What `bcrypt` on Node makes of `password` at cost 4.
fn node_hash(password: &str) -> String {
    let hash = bcrypt::hash_with_salt(password, 4, [3; 16]).unwrap();
    hash.to_string()
}

/// A gateway's database, and a folder for files.
struct World {
    ports: TestPorts,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let ports = TestPorts::default();
        drop(ports.databases.store());
        let folder = tempfile::tempdir().unwrap();
        Self { ports, folder }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    fn run(&self, arguments: &[&str], files: &[PathBuf]) -> Output {
        self.run_on(&self.ports.databases.path(), arguments, files)
    }

    fn run_on(&self, database: &Path, arguments: &[&str], files: &[PathBuf]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jetway-import"));
        command.args(arguments).arg("--db").arg(database).args(files);
        command.output().unwrap()
    }

    /// The report of a run that went well.
    #[track_caller]
    fn import(&self, files: &[PathBuf]) -> String {
        let output = self.run(&[], files);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn text(&self, query: &str) -> String {
        self.ports.databases.text(query)
    }

    /// Everything that an import could change.
    fn everything(&self) -> String {
        let mut all = String::new();
        for query in [
            "SELECT json_group_array(json_array(id, email, password_hash, created_at, updated_at)) FROM users",
            "SELECT json_group_array(json_array(name, description)) FROM roles",
            "SELECT json_group_array(json_array(user_id, role)) FROM user_roles",
            "SELECT json_group_array(json_array(type, subject, published_at)) FROM outbox",
            "SELECT json_group_array(json_array(action, target, detail)) FROM audit_log",
        ] {
            writeln!(all, "{}", self.text(query)).unwrap();
        }
        all
    }
}

fn dump() -> String {
    let hash = node_hash("correct horse battery");
    format!(
        r"-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `Users` (
  `id` int NOT NULL AUTO_INCREMENT,
  `email` varchar(255) NOT NULL,
  `password` varchar(255) NOT NULL,
  `createdAt` datetime NOT NULL,
  `updatedAt` datetime NOT NULL,
  PRIMARY KEY (`id`), UNIQUE KEY `email` (`email`)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4;
LOCK TABLES `Users` WRITE;
INSERT INTO `Users` VALUES (1,'ada@example.com','{hash}','2020-01-02 03:04:05','2021-01-01 00:00:00'),
  (2,'o\'hara@example.com','{hash}','2020-02-02 03:04:05','2021-01-01 00:00:00');
UNLOCK TABLES;
INSERT INTO `Roles` (`id`,`name`,`createdAt`,`updatedAt`) VALUES
  (1,'CUSTOMER','2020-01-01 00:00:00','2020-01-01 00:00:00'),(2,'Admin','2020-01-01 00:00:00','2020-01-01 00:00:00'),
  (3,'airline_business','2020-01-01 00:00:00','2020-01-01 00:00:00');
INSERT INTO `UserRoles` (`userId`,`roleId`) VALUES (1,1),(1,2),(2,3);
"
    )
}

#[test]
fn a_dump_is_imported_with_its_hashes_roles_and_times() {
    let world = World::new();
    let report = world.import(&[world.file("node.sql", &dump())]);

    assert!(!report.contains("Refused:"), "{report}");
    let users = "SELECT group_concat(email || ' ' || created_at) FROM (SELECT * FROM users ORDER BY id)";
    assert_eq!(
        world.text(users),
        "ada@example.com 2020-01-02T03:04:05.000Z,o'hara@example.com 2020-02-02T03:04:05.000Z"
    );
    let roles = "SELECT group_concat(email || ' ' || role) FROM (
        SELECT email, role FROM user_roles JOIN users ON users.id = user_id ORDER BY email, role)";
    assert_eq!(
        world.text(roles),
        "ada@example.com admin,ada@example.com customer,o'hara@example.com airline_business,o'hara@example.com customer"
    );
    let hash = PasswordHash::parse(world.text("SELECT password_hash FROM users LIMIT 1")).unwrap();
    let hasher = world.ports.hasher_with(Settings {
        cost: BcryptCost::CHEAPEST,
        peppers: Peppers::none(),
    });
    let password = Password::claimed("correct horse battery".to_owned()).unwrap();
    assert!(block_on(hasher.verify(&hash, &password)).unwrap());
}

#[test]
fn nobody_is_greeted_and_the_audit_log_knows() {
    let world = World::new();
    world.import(&[world.file("node.sql", &dump())]);
    for table in ["outbox", "notifications"] {
        assert_eq!(
            world.text(&format!("SELECT count(*) FROM {table}")),
            "0",
            "{table}"
        );
    }
    let detail = "SELECT detail FROM audit_log WHERE action = 'user.imported' ORDER BY id LIMIT 1";
    assert!(world.text(detail).contains("customer"));
    assert_eq!(
        world.text("SELECT count(*) FROM audit_log WHERE action = 'user.imported'"),
        "2"
    );
}

#[test]
fn a_second_run_changes_nothing() {
    let world = World::new();
    let file = world.file("node.sql", &dump());
    world.import(std::slice::from_ref(&file));
    let before = world.everything();

    let report = world.import(&[file]);

    assert_eq!(world.everything(), before);
    assert!(
        report.contains("users               0              2        0"),
        "{report}"
    );
}

#[test]
fn a_dry_run_reports_the_same_and_writes_nothing() {
    let world = World::new();
    let file = world.file("node.sql", &dump());
    let before = world.everything();
    let output = world.run(&["--dry-run"], std::slice::from_ref(&file));
    assert!(output.status.success());
    assert_eq!(world.everything(), before);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), world.import(&[file]));
}

#[test]
fn a_hash_may_be_four_times_the_gateways_work_and_no_more() {
    let world = World::new();
    let row = |id: u32, cost: u32| {
        let hash = node_hash("correct horse battery").replace("$04$", &format!("${cost:02}$"));
        format!("{id},of-{cost}@example.com,{hash}\n")
    };
    let rows: String = [(1, 4), (2, 14), (3, 15), (4, 16), (5, 20), (6, 31)]
        .map(|(id, cost)| row(id, cost))
        .concat();
    let file = world.file("users.csv", &format!("id,email,password\n{rows}"));
    let taken = || world.text("SELECT group_concat(email) FROM (SELECT email FROM users ORDER BY email)");

    let report = world.import(std::slice::from_ref(&file));

    assert!(
        report.contains("one above 14, which the gateway does not check"),
        "{report}"
    );
    assert_eq!(taken(), "of-14@example.com,of-4@example.com");
    assert!(
        world
            .run(&["--bcrypt-cost", "14"], std::slice::from_ref(&file))
            .status
            .success()
    );
    assert_eq!(
        taken(),
        "of-14@example.com,of-15@example.com,of-16@example.com,of-4@example.com"
    );
    for wrong in ["3", "21", "x"] {
        assert!(
            !world
                .run(&["--bcrypt-cost", wrong], std::slice::from_ref(&file))
                .status
                .success()
        );
    }
}

#[test]
fn who_is_there_already_is_left_alone_roles_and_all() {
    let world = World::new();
    let file = world.file("node.sql", &dump());
    let own = node_hash("another password");
    world.ports.databases.run(&format!(
        "INSERT INTO users (id, email, password_hash, created_at, updated_at)
         VALUES ('0198c0de-0000-7000-8000-000000000000', 'ADA@example.com', '{own}', 'x', 'x')"
    ));

    let report = world.import(&[file]);

    assert!(
        report.contains("users               1              1        0"),
        "{report}"
    );
    let ada = |column: &str| {
        world.text(&format!(
            "SELECT {column} FROM users WHERE email = 'ada@example.com'"
        ))
    };
    assert_eq!(ada("password_hash"), own);
    // Whoever took the address before its owner was imported does not get what the owner may do.
    assert_eq!(
        world.text("SELECT count(*) FROM user_roles WHERE role = 'admin'"),
        "0"
    );
}

#[test]
fn what_is_refused_is_told_with_its_reason_and_without_a_password() {
    let world = World::new();
    let hash = node_hash("correct horse battery");
    let users = format!(
        "id,email,password_hash,created_at\n\
         1,ada@example.com,{hash},2020-01-02T03:04:05.000Z\n\
         2,ADA@example.com,{hash},\n\
         3,nobody,{hash},\n\
         4,plain@example.com,hunter2-in-plain,\n\
         5,old@example.com,$2x${},\n\
         6,none@example.com,NULL,\n",
        &hash[4..]
    );
    let files = [
        world.file("users.csv", &users),
        world.file("roles.csv", "id,name\n1,customer\n2,Chief of all\n"),
        world.file("user_roles.csv", "user_id,role_id\n1,1\n1,2\n3,1\n77,1\n"),
    ];

    let report = world.import(&files);

    for line in [
        "users               1              0        5",
        "user_roles          0              1        3",
        "users id \"2\": id \"1\" has the same e-mail address",
        "users id \"3\": the e-mail address is not of the form",
        "users id \"4\": what it has for a password is no bcrypt hash",
        "users id \"5\": its hash is of the form $2x$",
        "users id \"6\": it has no password",
        "roles id \"2\": a role name is",
        "user_roles user \"1\", role \"2\": there is no such role",
        "user_roles user \"3\", role \"1\": the user was refused",
        "user_roles user \"77\", role \"1\": there is no such user",
    ] {
        assert!(report.contains(line), "{line:?} is not in\n{report}");
    }
    assert!(
        !report.contains("hunter2") && !report.contains(&hash[7..]),
        "{report}"
    );
    assert_eq!(world.text("SELECT count(*) FROM users"), "1");
}

#[test]
fn where_nothing_can_be_read_it_fails_and_says_why() {
    let world = World::new();
    for (name, text) in [
        ("node.txt", ""),
        ("flights.csv", "id\n1\n"),
        ("node.sql", "SELECT 'unfinished"),
        ("empty.sql", ""),
    ] {
        let output = world.run(&[], &[world.file(name, text)]);
        assert!(!output.status.success(), "{name}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("there is no table"),
            "{name}"
        );
    }
    let missing = world.folder.path().join("nowhere.db");
    let output = world.run_on(&missing, &[], &[world.file("node.sql", &dump())]);
    assert!(!output.status.success() && !missing.exists());
}
