//! The table of syntaxes: what each family of languages looks like to the lexer.
//!
//! In:  nothing.
//! Out: one [`Syntax`] a family.
//!
//! Invariant: a keyword keeps its place in its list, since indexes hold numbers of keywords; new ones are added at the end.
//!
//! Sources: IEEE 1800-2017 annex B, IEEE 1076-2019 15.10, ISO C17 and C++20, the reference manuals of the others. Names of
//! basic types that are no keywords by the book stand here where nobody renames them.
//!
//! Not here: what is done with it (`lexer`).

use super::{Numbers, Strings, Syntax};

/// Verilog and SystemVerilog.
pub(super) static VERILOG: Syntax = Syntax {
    line_comment: b"//",
    block_comments: true,
    nested_comments: false,
    strings: Strings::Plain,
    numbers: Numbers::Verilog,
    folds_case: false,
    name_bytes: b"_$`",
    lines_are_statements: false,
    keywords: &[
        "module", "endmodule", "input", "output", "inout", "wire", "reg", "logic", "bit", "integer", "int",
        "genvar", "parameter", "localparam", "assign", "always", "always_ff", "always_comb", "always_latch",
        "initial", "begin", "end", "if", "else", "case", "casez", "casex", "endcase", "default", "for",
        "while", "repeat", "forever", "posedge", "negedge", "or", "and", "not", "xor", "function",
        "endfunction", "task", "endtask", "generate", "endgenerate", "signed", "unsigned", "typedef",
        "struct", "packed", "enum", "union", "import", "export", "package", "endpackage", "interface",
        "endinterface", "modport", "class", "endclass", "extends", "virtual", "unique", "priority",
        "return", "break", "continue", "byte", "shortint", "longint", "string", "void", "static",
        "automatic", "const", "ref", "inside", "assert", "assume", "cover", "property", "endproperty",
        "sequence", "endsequence", "disable", "iff", "wait", "fork", "join", "join_any", "join_none",
        "time", "real", "tri", "supply0", "supply1", "defparam", "specify", "endspecify", "table",
        "endtable", "primitive", "endprimitive", "buf", "bufif0", "bufif1", "nand", "nor", "xnor", "edge",
        "do", "foreach", "null", "this", "super", "type", "var", "let", "program", "endprogram", "clocking",
        "endclocking", "timeunit", "timeprecision", "final", "alias", "bind", "checker", "endchecker",
        "covergroup", "endgroup", "coverpoint", "cross", "bins", "rand", "randc", "constraint", "solve",
        "before", "event", "deassign", "force", "release", "macromodule", "scalared", "vectored", "large",
        "medium", "small", "protected", "local", "extern", "pure", "context", "new", "with", "matches",
        "tagged", "unique0", "wor", "wand", "trireg", "tri0", "tri1", "triand", "trior", "uwire", "notif0",
        "notif1", "pulldown", "pullup", "rtran", "tran", "cmos", "nmos", "pmos", "restrict", "implements",
    ],
};

/// VHDL.
pub(super) static VHDL: Syntax = Syntax {
    line_comment: b"--",
    block_comments: true,
    nested_comments: false,
    strings: Strings::Vhdl,
    numbers: Numbers::Vhdl,
    folds_case: true,
    name_bytes: b"_",
    lines_are_statements: false,
    keywords: &[
        "abs", "access", "after", "alias", "all", "and", "architecture", "array", "assert", "attribute",
        "begin", "block", "body", "buffer", "bus", "case", "component", "configuration", "constant",
        "disconnect", "downto", "else", "elsif", "end", "entity", "exit", "file", "for", "function",
        "generate", "generic", "group", "guarded", "if", "impure", "in", "inertial", "inout", "is", "label",
        "library", "linkage", "literal", "loop", "map", "mod", "nand", "new", "next", "nor", "not", "null",
        "of", "on", "open", "or", "others", "out", "package", "port", "postponed", "procedure", "process",
        "pure", "range", "record", "register", "reject", "rem", "report", "return", "rol", "ror", "select",
        "severity", "signal", "shared", "sla", "sll", "sra", "srl", "subtype", "then", "to", "transport",
        "type", "unaffected", "units", "until", "use", "variable", "wait", "when", "while", "with", "xnor",
        "xor", "context", "default", "property", "protected", "sequence", "force", "release", "parameter",
    ],
};

/// C and C++.
pub(super) static C: Syntax = Syntax {
    line_comment: b"//",
    block_comments: true,
    nested_comments: false,
    strings: Strings::Cpp,
    numbers: Numbers::C,
    folds_case: false,
    name_bytes: b"_$",
    lines_are_statements: false,
    keywords: &[
        "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum",
        "extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return",
        "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void",
        "volatile", "while", "include", "define", "ifdef", "ifndef", "endif", "undef", "elif", "pragma",
        "error", "defined", "bool", "true", "false", "class", "public", "private", "protected", "virtual",
        "template", "typename", "namespace", "using", "new", "delete", "this", "operator", "const_cast",
        "static_cast", "reinterpret_cast", "dynamic_cast", "explicit", "friend", "mutable", "nullptr",
        "override", "throw", "try", "catch", "final", "noexcept", "constexpr", "decltype", "static_assert",
        "thread_local", "alignas", "alignof", "typeid", "export", "and", "or", "not", "concept", "requires",
        "co_await", "co_return", "co_yield", "consteval", "constinit",
    ],
};

/// Rust.
pub(super) static RUST: Syntax = Syntax {
    line_comment: b"//",
    block_comments: true,
    nested_comments: true,
    strings: Strings::Rust,
    numbers: Numbers::C,
    folds_case: false,
    name_bytes: b"_",
    lines_are_statements: false,
    keywords: &[
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
        "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
        "ref", "return", "self", "Self", "static", "struct", "super", "trait", "true", "type", "unsafe",
        "use", "where", "while", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize", "f32", "f64", "bool", "char", "str", "union", "macro_rules",
    ],
};

/// Go.
pub(super) static GO: Syntax = Syntax {
    line_comment: b"//",
    block_comments: true,
    nested_comments: false,
    strings: Strings::Go,
    numbers: Numbers::C,
    folds_case: false,
    name_bytes: b"_",
    lines_are_statements: false,
    keywords: &[
        "break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough", "for",
        "func", "go", "goto", "if", "import", "interface", "map", "package", "range", "return", "select",
        "struct", "switch", "type", "var", "true", "false", "nil", "iota", "string", "int", "int8", "int16",
        "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr", "float32", "float64",
        "complex64", "complex128", "bool", "byte", "rune", "error", "any",
    ],
};

/// Java.
pub(super) static JAVA: Syntax = Syntax {
    line_comment: b"//",
    block_comments: true,
    nested_comments: false,
    strings: Strings::Characters,
    numbers: Numbers::C,
    folds_case: false,
    name_bytes: b"_$",
    lines_are_statements: false,
    keywords: &[
        "abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const",
        "continue", "default", "do", "double", "else", "enum", "extends", "final", "finally", "float",
        "for", "goto", "if", "implements", "import", "instanceof", "int", "interface", "long", "native",
        "new", "package", "private", "protected", "public", "return", "short", "static", "strictfp",
        "super", "switch", "synchronized", "this", "throw", "throws", "transient", "try", "void",
        "volatile", "while", "true", "false", "null", "var", "record", "yield", "sealed", "permits",
    ],
};

/// Python.
pub(super) static PYTHON: Syntax = Syntax {
    line_comment: b"#",
    block_comments: false,
    nested_comments: false,
    strings: Strings::Python,
    numbers: Numbers::C,
    folds_case: false,
    name_bytes: b"_",
    lines_are_statements: true,
    keywords: &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
        "match", "case",
    ],
};

/// JavaScript and TypeScript.
pub(super) static JAVASCRIPT: Syntax = Syntax {
    line_comment: b"//",
    block_comments: true,
    nested_comments: false,
    strings: Strings::JavaScript,
    numbers: Numbers::C,
    folds_case: false,
    name_bytes: b"_$",
    lines_are_statements: false,
    keywords: &[
        "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do",
        "else", "export", "extends", "finally", "for", "function", "if", "import", "in", "instanceof",
        "new", "return", "super", "switch", "this", "throw", "try", "typeof", "var", "void", "while",
        "with", "yield", "let", "static", "true", "false", "null", "undefined", "async", "await", "of",
        "get", "set", "interface", "type", "enum", "implements", "private", "protected", "public",
        "readonly", "abstract", "declare", "namespace", "module", "keyof", "infer", "is", "as", "satisfies",
        "any", "number", "string", "boolean", "never", "unknown",
    ],
};
