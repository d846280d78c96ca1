//! Our bcrypt against published answers and against the crate `bcrypt`.

use proptest::prelude::*;

use super::super::PasswordHash;
use super::{Bcrypt, Parts};

fn hashed(password: &[u8], cost: u32, salt: [u8; 16], slice: u32) -> PasswordHash {
    let mut bcrypt = Bcrypt::begin(password, cost, salt);
    loop {
        if let Some(hash) = bcrypt.advance(slice) {
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
        let hash = hashed(password.as_bytes(), known.cost, known.salt, 4);
        assert_eq!(&hash.as_str()[4..], &text[4..], "{password:?}");
    }
}

#[test]
fn the_size_of_a_slice_changes_nothing() {
    let whole = hashed(b"correct horse", 6, [7; 16], u32::MAX);
    for slice in [1, 2, 3, 4, 63, 64, 65] {
        assert_eq!(hashed(b"correct horse", 6, [7; 16], slice), whole, "{slice}");
    }
}

#[test]
fn the_rounds_left_are_those_of_the_cost() {
    let mut bcrypt = Bcrypt::begin(b"correct horse", 4, [7; 16]);
    assert_eq!(bcrypt.rounds_left(), 16);
    assert!(bcrypt.advance(15).is_none());
    assert_eq!(bcrypt.rounds_left(), 1);
    assert!(bcrypt.advance(15).is_some());
    assert_eq!(format!("{bcrypt:?}"), "Bcrypt(0 rounds left)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn it_gives_what_the_crate_gives(
        password in prop::collection::vec(any::<u8>(), 0..=72),
        cost in 4_u32..=6,
        salt: [u8; 16],
        slice in 1_u32..=5,
    ) {
        let expected = bcrypt::hash_with_salt(&password, cost, salt).unwrap();
        let hash = hashed(&password, cost, salt, slice);
        prop_assert_eq!(hash.as_str(), expected.to_string());
        // Whatever the version in front says, the crate takes it for a hash of this password.
        for version in ["$2a$", "$2b$", "$2y$"] {
            let text = format!("{version}{}", &hash.as_str()[4..]);
            prop_assert!(bcrypt::verify(&password, &text).unwrap());
            prop_assert_eq!(Parts::parse(&text).unwrap().to_text(), hash.as_str());
        }
    }

    #[test]
    fn passwords_of_few_different_bytes_are_no_exception(
        password in prop::collection::vec(prop::sample::select(vec![0_u8, 0xff, b'a']), 0..=72),
        salt in prop::sample::select(vec![[0; 16], [0xff; 16], [0x80; 16]]),
    ) {
        let expected = bcrypt::hash_with_salt(&password, 4, salt).unwrap();
        let hash = hashed(&password, 4, salt, 1);
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
