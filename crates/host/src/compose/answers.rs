//! The values that refused calls return, laid out in memory as the canonical ABI has them.

use wit_parser::{Int, Resolve, SizeAlign, Type, TypeDefKind};

/// The cases that stand for a refusal in the error types of the host's interfaces, the clearest first.
const REFUSALS: [&str; 5] = ["access-denied", "internal-error", "other", "undefined", "io"];

/// Memory that holds an answer for each refused function.
pub(super) struct Answers<'a> {
    resolve: &'a Resolve,
    sizes: SizeAlign,
    data: Vec<u8>,
}

impl<'a> Answers<'a> {
    pub(super) fn new(resolve: &'a Resolve) -> Self {
        let mut sizes = SizeAlign::default();
        sizes.fill(resolve);
        Self {
            resolve,
            sizes,
            data: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.data.len()
    }

    pub(super) fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// The address of a value of type `ty` that refuses: an error that gives `reason`, an empty list, or nothing at all.
    /// Some types have no such value.
    pub(super) fn refusal(&mut self, ty: &Type, reason: &str) -> Option<i32> {
        match self.definition(ty)? {
            TypeDefKind::Result(result) => {
                let error = result.err?;
                let payload = self
                    .sizes
                    .payload_offset(Int::U8, [result.ok.as_ref(), result.err.as_ref()]);
                let address = self.reserve(ty);
                self.data[address] = 1;
                self.error(&error, address + payload.size_wasm32(), reason)?;
                i32::try_from(address).ok()
            }
            TypeDefKind::List(_) | TypeDefKind::Option(_) => i32::try_from(self.reserve(ty)).ok(),
            _ => None,
        }
    }

    /// Writes an error of type `ty` at `address`.
    fn error(&mut self, ty: &Type, address: usize, reason: &str) -> Option<()> {
        match self.definition(ty)? {
            TypeDefKind::Enum(cases) => {
                let case = chosen(cases.cases.iter().map(|case| case.name.as_str()))?;
                self.tag(address, cases.tag(), case);
            }
            TypeDefKind::Variant(variant) => {
                let case = chosen(variant.cases.iter().map(|case| case.name.as_str()))?;
                self.tag(address, variant.tag(), case);
                let types = variant.cases.iter().map(|case| case.ty.as_ref());
                let payload = address + self.sizes.payload_offset(variant.tag(), types).size_wasm32();
                if let Some(ty) = variant.cases.get(case)?.ty {
                    self.text(&ty, payload, reason)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Writes `text` as a string, or as an optional one.
    fn text(&mut self, ty: &Type, address: usize, text: &str) -> Option<()> {
        if matches!(ty, Type::String) {
            let start = self.data.len();
            self.data.extend_from_slice(text.as_bytes());
            self.word(address, start);
            self.word(address + 4, text.len());
            return Some(());
        }
        match self.definition(ty)? {
            TypeDefKind::Option(Type::String) => {
                self.data[address] = 1;
                self.text(&Type::String, address + 4, text)
            }
            _ => None,
        }
    }

    /// Zeroed memory for a value of type `ty`.
    fn reserve(&mut self, ty: &Type) -> usize {
        let address = self
            .data
            .len()
            .next_multiple_of(self.sizes.align(ty).align_wasm32());
        self.data.resize(address + self.sizes.size(ty).size_wasm32(), 0);
        address
    }

    fn tag(&mut self, address: usize, width: Int, case: usize) {
        let bytes = (case as u64).to_le_bytes();
        let width = match width {
            Int::U8 => 1,
            Int::U16 => 2,
            Int::U32 => 4,
            Int::U64 => 8,
        };
        self.data[address..address + width].copy_from_slice(&bytes[..width]);
    }

    fn word(&mut self, address: usize, value: usize) {
        self.tag(address, Int::U32, value);
    }

    fn definition(&self, ty: &Type) -> Option<&'a TypeDefKind> {
        let mut ty = *ty;
        loop {
            let Type::Id(id) = ty else { return None };
            match &self.resolve.types[id].kind {
                TypeDefKind::Type(alias) => ty = *alias,
                kind => return Some(kind),
            }
        }
    }
}

fn chosen<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Option<usize> {
    REFUSALS
        .iter()
        .find_map(|refusal| names.clone().position(|name| name == *refusal))
}
