//! Our bcrypt against published answers and against the crate `bcrypt`.

use proptest::prelude::*;

use super::super::PasswordHash;
use super::{Bcrypt, Parts};

fn hashed(password: &[u8], cost: u32, salt: [u8; 16]) -> PasswordHash {
    let mut bcrypt = Bcrypt::begin(password, cost, salt);
    loop {
        Bcrypt::advance([&mut bcrypt]);
        if let Some(hash) = bcrypt.hash() {
            return hash;
        }
    }
}

/// Published answers: jBCrypt's test vectors and crypt_blowfish's.
const KNOWN: [(&str, &str); 10] = [
    ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
    (
        "a",
        "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
    ),
    (
        "abc",
        "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
    ),
    (
        "abcdefghijklmnopqrstuvwxyz",
        "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC",
    ),
    (
        "~!@#$%^&*()      ~!@#$%^&*()PNBFRD",
        "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO",
    ),
    (
        "U*U",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    ),
    (
        "U*U*",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK",
    ),
    (
        "U*U*U",
        "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a",
    ),
    ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
    (
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
    ),
];

#[test]
fn known_answers_of_bcrypt_hold() {
    for (password, text) in KNOWN {
        let known = Parts::parse(text).unwrap();
        let hash = hashed(password.as_bytes(), known.cost, known.salt);
        assert_eq!(&hash.as_str()[4..], &text[4..], "{password:?}");
    }
}

#[test]
fn the_rounds_left_are_those_of_the_cost() {
    let mut bcrypt = Bcrypt::begin(b"correct horse", 4, [7; 16]);
    assert_eq!(bcrypt.rounds_left(), 16);
    for left in (0..16).rev() {
        assert!(bcrypt.hash().is_none());
        Bcrypt::advance([&mut bcrypt]);
        assert_eq!(bcrypt.rounds_left(), left);
    }
    let hash = bcrypt.hash();
    assert!(hash.is_some());
    Bcrypt::advance([&mut bcrypt]);
    assert_eq!(bcrypt.hash(), hash);
    assert_eq!(format!("{bcrypt:?}"), "Bcrypt(0 rounds left)");
}

#[test]
fn of_more_than_there_are_lanes_the_first_go_on_and_the_rest_waits() {
    let mut hashes: Vec<_> = (4..10)
        .map(|cost| Bcrypt::begin(b"correct horse", cost.min(5), [7; 16]))
        .collect();
    let mut advance = |rounds| {
        (0..rounds).for_each(|_| Bcrypt::advance(&mut hashes));
        hashes.iter().map(Bcrypt::rounds_left).collect::<Vec<_>>()
    };
    assert_eq!(advance(3), [13, 29, 29, 29, 32, 32]);
    // Where one is done, the next takes its place.
    assert_eq!(advance(15), [0, 14, 14, 14, 30, 32]);
    assert_eq!(advance(100), [0; 6]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn it_gives_what_the_crate_gives(
        password in prop::collection::vec(any::<u8>(), 0..=72),
        cost in 4_u32..=6,
        salt: [u8; 16],
    ) {
        let expected = bcrypt::hash_with_salt(&password, cost, salt).unwrap();
        let hash = hashed(&password, cost, salt);
        prop_assert_eq!(hash.as_str(), expected.to_string());
        // Whatever the version in front says, the crate takes it for a hash of this password.
        for version in ["$2a$", "$2b$", "$2y$"] {
            let text = format!("{version}{}", &hash.as_str()[4..]);
            prop_assert!(bcrypt::verify(&password, &text).unwrap());
            prop_assert_eq!(Parts::parse(&text).unwrap().to_text(), hash.as_str());
        }
    }

    #[test]
    fn hashes_that_are_made_together_are_those_made_alone(
        each in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..=72), 4_u32..=6, any::<[u8; 16]>()), 1..=6),
    ) {
        let mut hashes: Vec<_> = each
            .iter()
            .map(|(password, cost, salt)| Bcrypt::begin(password, *cost, *salt))
            .collect();
        while hashes.iter().any(|hash| hash.rounds_left() > 0) {
            Bcrypt::advance(&mut hashes);
        }
        for (hash, (password, cost, salt)) in hashes.iter().zip(&each) {
            prop_assert_eq!(hash.hash().unwrap(), hashed(password, *cost, *salt));
        }
    }

    #[test]
    fn passwords_of_few_different_bytes_are_no_exception(
        password in prop::collection::vec(prop::sample::select(vec![0_u8, 0xff, b'a']), 0..=72),
        salt in prop::sample::select(vec![[0; 16], [0xff; 16], [0x80; 16]]),
    ) {
        let expected = bcrypt::hash_with_salt(&password, 4, salt).unwrap();
        let hash = hashed(&password, 4, salt);
        prop_assert_eq!(hash.as_str(), expected.to_string());
    }

    #[test]
    fn a_text_is_read_as_the_crate_reads_it(text in r"\$2[abyz]\$[0-9]{2}\$[./0-9A-Za-z]{53}|.{60}") {
        let ours = Parts::parse(&text);
        // The crate reads any number as a cost, and refuses it only when it hashes.
        let theirs = text.parse::<bcrypt::HashParts>().ok()
            .filter(|theirs| (4..=31).contains(&theirs.get_cost()));
        let theirs = theirs.map(|theirs| (theirs.get_cost(), theirs.get_salt_raw(), theirs.to_string()));
        prop_assert_eq!(ours.map(|ours| (ours.cost, ours.salt, ours.to_text())), theirs);
    }

    #[test]
    fn every_salt_and_digest_is_written_and_read_back(cost in 4_u32..=31, salt: [u8; 16], half: [[u8; 12]; 2]) {
        let mut digest = [0; 23];
        digest.copy_from_slice(&half.as_flattened()[..23]);
        let text = Parts { cost, salt, digest }.to_text();
        let read = Parts::parse(&text).unwrap();
        prop_assert_eq!((read.cost, read.salt, read.digest), (cost, salt, digest));
    }
}

#[test]
fn idle_rounds_change_the_work_and_not_the_hash() {
    let plain = hashed(b"correct horse", 4, [7; 16]);
    let mut even = Bcrypt::begin(b"correct horse", 4, [7; 16]).in_at_least(64);
    // In lockstep with one that has as many rounds of its own.
    let mut other = Bcrypt::begin(b"correct horse", 6, [7; 16]).in_at_least(64);
    for left in (0..64).rev() {
        assert!(even.hash().is_none() && other.hash().is_none());
        Bcrypt::advance([&mut even, &mut other]);
        assert_eq!((even.rounds_left(), other.rounds_left()), (left, left));
    }
    assert_eq!(even.hash(), Some(plain));
    assert_eq!(other.hash(), Some(hashed(b"correct horse", 6, [7; 16])));
}
