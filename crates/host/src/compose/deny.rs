//! Makes the adapter that stands in for the host where a permission is not inherited.
//!
//! The adapter is generated from the middleware's own imports, so it fits whatever version of an interface and whatever
//! part of it the middleware was built with. It answers as Spin's does: a call that can fail, fails with "not
//! permitted"; the environment and the folders are empty; anything else traps.

use anyhow::bail;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, FunctionSection, Instruction,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{
    Function, LiftLowerAbi, ManglingAndAbi, Resolve, TypeDefKind, TypeId, WasmExport, WasmExportKind,
    WorldId, WorldItem, WorldKey,
};

use super::answers::Answers;
use super::capabilities;
use crate::app::Inherit;

const ABI: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// A component that exports every interface that `middleware` imports and may not use; none where it may use all that
/// it imports.
pub(super) fn adapter(middleware: &[u8], inherit: &Inherit) -> anyhow::Result<Option<Vec<u8>>> {
    let DecodedWasm::Component(mut resolve, world) = decode(middleware)? else {
        bail!("it is an interface definition, not a component");
    };
    let imports = resolve.worlds[world].imports.keys();
    let denied: Vec<_> = imports
        .filter(|key| capabilities::is_denied(&unversioned(&resolve, key), inherit))
        .cloned()
        .collect();
    if denied.is_empty() {
        return Ok(None);
    }
    resolve.exportize(
        world,
        None,
        Some(&|key: &WorldKey, _: &WorldItem| denied.contains(key)),
    )?;
    let mut module = refusals(&resolve, world);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(Some(ComponentEncoder::default().module(&module)?.encode()?))
}

fn unversioned(resolve: &Resolve, key: &WorldKey) -> String {
    let name = resolve.name_world_key(key);
    name.split_once('@')
        .map(|(name, _)| name.to_owned())
        .unwrap_or(name)
}

/// The core module of the adapter: a function for each that the world exports.
fn refusals(resolve: &Resolve, world: WorldId) -> Vec<u8> {
    let mut module = Refusals::new(resolve);
    for (key, item) in &resolve.worlds[world].exports {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        let interface = &resolve.interfaces[*id];
        let reason = format!("\"{}\" is not permitted", unversioned(resolve, key));
        for function in interface.functions.values() {
            module.refuse(key, function, &reason);
        }
        for &resource in interface.types.values() {
            if matches!(resolve.types[resource].kind, TypeDefKind::Resource) {
                module.ignore_drop(key, resource);
            }
        }
    }
    module.finish()
}

struct Refusals<'a> {
    resolve: &'a Resolve,
    answers: Answers<'a>,
    types: TypeSection,
    functions: FunctionSection,
    exports: ExportSection,
    code: CodeSection,
}

impl<'a> Refusals<'a> {
    fn new(resolve: &'a Resolve) -> Self {
        Self {
            resolve,
            answers: Answers::new(resolve),
            types: TypeSection::new(),
            functions: FunctionSection::new(),
            exports: ExportSection::new(),
            code: CodeSection::new(),
        }
    }

    fn refuse(&mut self, interface: &WorldKey, function: &Function, reason: &str) {
        let signature = self.resolve.wasm_signature(AbiVariant::GuestExport, function);
        let answer = function.result.filter(|_| signature.retptr);
        let body = match answer.and_then(|ty| self.answers.refusal(&ty, reason)) {
            Some(address) => Instruction::I32Const(address),
            None => Instruction::Unreachable,
        };
        let interface = Some(interface);
        let name = WasmExport::Func {
            interface,
            func: function,
            kind: WasmExportKind::Normal,
        };
        self.push(name, &signature.params, &signature.results, &[body]);
    }

    /// No resource of a refused interface ever comes to be, but each must have a destructor.
    fn ignore_drop(&mut self, interface: &WorldKey, resource: TypeId) {
        self.push(
            WasmExport::ResourceDtor { interface, resource },
            &[WasmType::I32],
            &[],
            &[],
        );
    }

    fn push(
        &mut self,
        name: WasmExport<'_>,
        params: &[WasmType],
        results: &[WasmType],
        body: &[Instruction<'_>],
    ) {
        let index = self.functions.len();
        self.types
            .ty()
            .function(params.iter().map(value_type), results.iter().map(value_type));
        self.functions.function(index);
        self.exports
            .export(&self.resolve.wasm_export_name(ABI, name), ExportKind::Func, index);
        let mut function = wasm_encoder::Function::new([]);
        for instruction in body {
            function.instruction(instruction);
        }
        function.instruction(&Instruction::End);
        self.code.function(&function);
    }

    /// The arguments of each call are laid down in new pages behind the answers, so that no call fails before it is
    /// refused.
    fn finish(mut self) -> Vec<u8> {
        const PAGE: u64 = 1 << 16;
        let pages = (self.answers.len() as u64).div_ceil(PAGE);
        let realloc = [
            Instruction::LocalGet(3),
            Instruction::I32Const(0xffff),
            Instruction::I32Add,
            Instruction::I32Const(16),
            Instruction::I32ShrU,
            Instruction::MemoryGrow(0),
            Instruction::I32Const(16),
            Instruction::I32Shl,
        ];
        self.push(
            WasmExport::Realloc,
            &[WasmType::I32; 4],
            &[WasmType::I32],
            &realloc,
        );
        let memory_name = self.resolve.wasm_export_name(ABI, WasmExport::Memory);
        self.exports.export(&memory_name, ExportKind::Memory, 0);
        let mut memory = MemorySection::new();
        memory.memory(MemoryType {
            minimum: pages,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(0), self.answers.into_data());
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&self.functions)
            .section(&memory)
            .section(&self.exports)
            .section(&self.code)
            .section(&data);
        module.finish()
    }
}

fn value_type(ty: &WasmType) -> ValType {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}
