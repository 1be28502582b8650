//! Circuits of our own composing, for the chip story of the demo.
//!
//! In:  seeds.
//! Out: a core nobody else wrote, a disguised copy of it, and files that have nothing to do with it.
//!
//! Invariant: the same seed gives the same text.

use std::fmt::Write as _;

/// A small generator of numbers, so that each circuit is its own and always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % below
    }
}

/// A circuit of our own composing: registers, and blocks that nobody else wrote in this order.
pub(super) fn blocks(seed: u64, count: usize) -> Vec<String> {
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    (0..count).map(|number| block(&mut numbers, number)).collect()
}

fn expression(numbers: &mut Numbers, depth: u32) -> String {
    let name = |numbers: &mut Numbers| format!("stage[{}]", numbers.next(24));
    if depth == 0 {
        return match numbers.next(3) {
            0 => format!("{}'h{:x}", 2 + numbers.next(30), numbers.next(4096)),
            1 => format!("{}[{}]", name(numbers), numbers.next(32)),
            _ => name(numbers),
        };
    }
    let (a, b) = (expression(numbers, depth - 1), expression(numbers, depth - 1));
    match numbers.next(8) {
        0 => format!("({a} + {b})"),
        1 => format!("({a} ^ {b})"),
        2 => format!("({a} & ~{b})"),
        3 => format!("({a} == {b} ? {} : {b})", name(numbers)),
        4 => format!("{{{a}, {b}}}"),
        5 => format!("({a} >> {})", numbers.next(16)),
        6 => format!("(&{a} || !{b})"),
        _ => format!("({a} - {b})"),
    }
}

fn block(numbers: &mut Numbers, number: usize) -> String {
    let mut out = format!("  always @(posedge clk) begin // unit {number}\n");
    for _ in 0..3 + numbers.next(3) {
        match numbers.next(3) {
            0 => {
                let condition = expression(numbers, 1);
                let (yes, no) = (expression(numbers, 2), expression(numbers, 1));
                let to = numbers.next(24);
                let _ = write!(
                    out,
                    "    if ({condition}) begin\n      stage[{to}] <= {yes};\n    end else begin\n      stage[{}] <= {no};\n    end\n",
                    (to + 1) % 24
                );
            }
            1 => {
                let chooser = expression(numbers, 0);
                let _ = writeln!(out, "    case ({chooser})");
                for _ in 0..2 + numbers.next(3) {
                    let value = expression(numbers, 1);
                    let _ = writeln!(
                        out,
                        "      5'd{}: stage[{}] <= {value};",
                        numbers.next(32),
                        numbers.next(24)
                    );
                }
                out += "    endcase\n";
            }
            _ => {
                let value = expression(numbers, 2);
                let _ = writeln!(out, "    stage[{}] <= {value};", numbers.next(24));
            }
        }
    }
    out + "  end\n"
}

pub(super) fn circuit(name: &str, blocks: &[String]) -> String {
    let mut out = format!("module {name}(input clk, input rst, output [31:0] bus);\n");
    out += "  reg [31:0] stage [0:23];\n";
    out + &blocks.concat() + "  assign bus = stage[0];\nendmodule\n"
}

/// Another file of the drive: a netlist, a driver in C, or a table of functions, none of it like the core.
pub(super) fn other(seed: u64) -> (String, String) {
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut out = String::new();
    let kind = seed % 3;
    for number in 0..60 {
        let (a, b, c) = (numbers.next(90), numbers.next(90), numbers.next(90));
        let line = match kind {
            0 => {
                let cell = ["nand2", "inv", "mux2", "dff", "xor3"][numbers.next(5) as usize];
                format!("  {cell} u{number} (.a(n{a}), .b(n{b}), .y(n{c}));\n")
            }
            1 => format!(
                "static int step_{number}(struct device *dev, int {}) {{ return dev->word[{a}] | read_port(dev, {b}, \"{c}\"); }}\n",
                ["mode", "flags", "bank"][numbers.next(3) as usize]
            ),
            _ => format!(
                "  function automatic [7:0] f{number}(input [7:0] x); f{number} = $signed(x) * 8'd{a} | f{b}(x << {c}); endfunction\n"
            ),
        };
        out.push_str(&line);
    }
    match kind {
        1 => (
            format!("driver_{seed}.c"),
            format!("#include \"device.h\"\n{out}"),
        ),
        _ => (
            format!("block_{seed}.v"),
            format!("module block_{seed}(input a, output y);\n{out}endmodule\n"),
        ),
    }
}

/// What the one who took it did: other names, another order, a part written anew.
pub(super) fn disguised(original: &[String]) -> String {
    let mut taken: Vec<String> = original.to_vec();
    let half = taken.len() / 2;
    taken.rotate_left(half);
    let own = blocks(777, taken.len());
    for (number, block) in own.into_iter().enumerate() {
        if number % 6 == 0 {
            taken[number] = block;
        }
    }
    circuit("my_accelerator", &taken)
        .replace("stage", "r_q")
        .replace("unit", "part")
}
