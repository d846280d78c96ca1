//! Blowfish as bcrypt uses it, on several keys in lockstep.
//!
//! Each of its steps waits for the look-up of the one before, and so one key leaves most of a processor idle: four in lockstep
//! take hardly longer than one. No library offers that, which is why the cipher is here. It is checked against two of them.

use zeroize::Zeroize as _;

use super::pi;

/// How many are encrypted in lockstep, at most. With more there are not registers enough.
pub(super) const LANES: usize = 4;

/// The words that are mixed into the subkeys.
pub(super) type Words = [u32; 18];

/// The state of the cipher: 4 KiB. Wiped when it is dropped.
pub(super) struct Blowfish {
    subkeys: Words,
    boxes: [[u32; 256]; 4],
}

/// `bytes` over and over, as the key schedule takes them. At least one byte.
pub(super) fn repeated(bytes: &[u8]) -> Words {
    let mut endless = bytes.iter().cycle();
    std::array::from_fn(|_| {
        let mut next = || endless.next().copied().unwrap_or_default();
        u32::from_be_bytes([next(), next(), next(), next()])
    })
}

impl Blowfish {
    /// The state before any key.
    pub(super) const fn new() -> Self {
        Self {
            subkeys: pi::SUBKEYS,
            boxes: pi::BOXES,
        }
    }

    /// The key schedule with salt, bcrypt's own.
    pub(super) fn expand_salted(&mut self, key: &Words, salt: &[u8; 16]) {
        // Sixteen bytes are four words, taken two by two.
        let salt = repeated(salt);
        let mut halves = [[salt[0], salt[1]], [salt[2], salt[3]]].into_iter().cycle();
        self.mix(key);
        let mut block = [0; 2];
        let mut next = |state: &Self| {
            let half = halves.next().unwrap_or_default();
            block = state.encrypt([block[0] ^ half[0], block[1] ^ half[1]]);
            block
        };
        for i in 0..9 {
            let block = next(self);
            self.set_subkeys(i, block);
        }
        for i in 0..4 {
            for j in 0..128 {
                let block = next(self);
                self.set_box(i, j, block);
            }
        }
    }

    /// Mixes a key into the subkeys.
    pub(super) fn mix(&mut self, key: &Words) {
        let mixed = self.subkeys.iter_mut().zip(key);
        mixed.for_each(|(subkey, word)| *subkey ^= word);
    }

    /// Encrypts one block. Each half has its subkey mixed in while the other goes through the boxes: a look-up waits for the one
    /// before it, and for nothing else.
    #[inline]
    pub(super) fn encrypt(&self, [left, right]: [u32; 2]) -> [u32; 2] {
        let [first, second, others @ ..] = &self.subkeys;
        let (mut through, mut beside) = (left ^ first, right ^ second);
        for subkey in others {
            (through, beside) = (beside ^ self.substitute(through), through ^ subkey);
        }
        [beside, through]
    }

    /// What the boxes make of a word. Its bytes are shifted out, because WebAssembly has no instruction that reverses them, as
    /// `to_be_bytes` would.
    #[inline]
    fn substitute(&self, word: u32) -> u32 {
        let [a, b, c, d] = [24, 16, 8, 0].map(|bits| (word >> bits) as usize & 0xff);
        let sum = self.boxes[0][a].wrapping_add(self.boxes[1][b]);
        (sum ^ self.boxes[2][c]).wrapping_add(self.boxes[3][d])
    }

    #[inline]
    fn set_subkeys(&mut self, index: usize, [left, right]: [u32; 2]) {
        self.subkeys[2 * index] = left;
        self.subkeys[2 * index + 1] = right;
    }

    #[inline]
    fn set_box(&mut self, number: usize, index: usize, [left, right]: [u32; 2]) {
        self.boxes[number][2 * index] = left;
        self.boxes[number][2 * index + 1] = right;
    }
}

impl Drop for Blowfish {
    fn drop(&mut self) {
        self.subkeys.zeroize();
        self.boxes.zeroize();
    }
}

/// Makes new subkeys and boxes, each state by encrypting with itself.
pub(super) fn schedule<const N: usize>(mut states: [&mut Blowfish; N]) {
    let mut blocks = [[0; 2]; N];
    for i in 0..9 {
        blocks = encrypt(states.each_ref().map(|state| &**state), blocks);
        for (state, block) in states.iter_mut().zip(blocks) {
            state.set_subkeys(i, block);
        }
    }
    for i in 0..4 {
        for j in 0..128 {
            blocks = encrypt(states.each_ref().map(|state| &**state), blocks);
            for (state, block) in states.iter_mut().zip(blocks) {
                state.set_box(i, j, block);
            }
        }
    }
}

/// Encrypts a block in each state. In lockstep nothing is gained by mixing subkeys in early: there is enough to do meanwhile.
#[inline]
fn encrypt<const N: usize>(states: [&Blowfish; N], mut blocks: [[u32; 2]; N]) -> [[u32; 2]; N] {
    if let ([state], [block]) = (&states[..], &mut blocks[..]) {
        *block = state.encrypt(*block);
        return blocks;
    }
    for i in 0..8 {
        for (state, [left, right]) in states.iter().zip(&mut blocks) {
            *left ^= state.subkeys[2 * i];
            *right ^= state.substitute(*left);
        }
        for (state, [left, right]) in states.iter().zip(&mut blocks) {
            *right ^= state.subkeys[2 * i + 1];
            *left ^= state.substitute(*right);
        }
    }
    for (state, [left, right]) in states.iter().zip(&mut blocks) {
        (*left, *right) = (*right ^ state.subkeys[17], *left ^ state.subkeys[16]);
    }
    blocks
}
