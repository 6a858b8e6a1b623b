namespace SelfAdapt.KernelSimulator;

/// <summary>What PTX instructions compute, on bits. A 32-bit result leaves the upper half zero.</summary>
internal static class PtxArithmetic
{
    /// <summary>An arithmetic or logic instruction; null for one that is not known.</summary>
    /// <param name="name">Its first part.</param>
    /// <param name="type">Its last part.</param>
    /// <param name="wide">A 64-bit product of 32-bit factors.</param>
    public static Func<ulong, ulong, ulong, ulong>? Operation(string name, string type, bool wide) =>
        (name, type) switch
        {
            (_, "f32") => Single(name) is { } f ? (a, b, c) => Bits(f(F32(a), F32(b), F32(c))) : null,
            (_, "f64") => Double(name) is { } d ? (a, b, c) => Bits(d(F64(a), F64(b), F64(c))) : null,
            ("mul", "u32") when wide => (a, b, _) => (a & uint.MaxValue) * (b & uint.MaxValue),
            ("mul", "s32") when wide => (a, b, _) => (ulong)((long)(int)a * (int)b),
            ("add", "s32" or "u32") => (a, b, _) => (uint)(a + b),
            ("add", "s64" or "u64") => (a, b, _) => a + b,
            ("sub", "s32" or "u32") => (a, b, _) => (uint)(a - b),
            ("sub", "s64" or "u64") => (a, b, _) => a - b,
            ("mul", "s32" or "u32") => (a, b, _) => (uint)(a * b),
            ("mul", "s64" or "u64") => (a, b, _) => a * b,
            ("div", "s32") => (a, b, _) => (uint)((int)a / (int)b),
            ("rem", "s32") => (a, b, _) => (uint)((int)a % (int)b),
            ("neg", "s32") => (a, _, _) => (uint)-(int)a,
            ("and", _) => (a, b, _) => a & b,
            ("or", _) => (a, b, _) => a | b,
            ("xor", _) => (a, b, _) => a ^ b,
            ("not", "pred") => (a, _, _) => a ^ 1,
            ("not", "b32") => (a, _, _) => (uint)~a,
            ("shl", "b32") => (a, b, _) => b > 31 ? 0 : (uint)(a << (int)b),
            ("shl", "b64") => (a, b, _) => b > 63 ? 0 : a << (int)b,
            ("shr", "s32") => (a, b, _) => (uint)((int)a >> (int)Math.Min(b, 31)),
            ("shr", "u32" or "b32") => (a, b, _) => b > 31 ? 0 : (uint)a >> (int)b,
            ("shr", "u64" or "b64") => (a, b, _) => b > 63 ? 0 : a >> (int)b,
            _ => null,
        };

    /// <summary>A comparison: 1 or 0.</summary>
    /// <param name="relation">lt, leu, hi, ...</param>
    /// <param name="type">Of the operands.</param>
    public static Func<ulong, ulong, ulong, ulong> Compare(string relation, string type)
    {
        // For floats a u behind the relation means: true where an operand is a NaN too.
        bool real = type[0] == 'f';
        bool unordered = real && relation.Length == 3;
        string kind = (real && unordered ? relation[..2] : relation) switch
        {
            "lo" => "lt",
            "ls" => "le",
            "hi" => "gt",
            "hs" => "ge",
            string other => other,
        };
        return (a, b, _) =>
        {
            (int order, bool nan) = type switch
            {
                "f32" => (F32(a).CompareTo(F32(b)), float.IsNaN(F32(a)) || float.IsNaN(F32(b))),
                "f64" => (F64(a).CompareTo(F64(b)), double.IsNaN(F64(a)) || double.IsNaN(F64(b))),
                "s32" => (((int)a).CompareTo((int)b), false),
                "s64" => (((long)a).CompareTo((long)b), false),
                "u32" or "b32" => (((uint)a).CompareTo((uint)b), false),
                "u64" or "b64" => (a.CompareTo(b), false),
                _ => throw new SimulationException($"The PTX interpreter does not compare {type}."),
            };
            bool holds = nan ? unordered : kind switch
            {
                "lt" => order < 0,
                "le" => order <= 0,
                "gt" => order > 0,
                "ge" => order >= 0,
                "eq" => order == 0,
                "ne" => order != 0,
                _ => throw new SimulationException($"The PTX interpreter does not know the relation {relation}."),
            };
            return holds ? 1UL : 0UL;
        };
    }

    /// <summary>A conversion.</summary>
    /// <param name="to">Type of the result.</param>
    /// <param name="from">Type of the operand.</param>
    /// <param name="towardsZero">Real to integer.</param>
    public static Func<ulong, ulong, ulong, ulong> Convert(string to, string from, bool towardsZero) =>
        (to, from) switch
        {
            ("f64", "f32") => (a, _, _) => Bits((double)F32(a)),
            ("f32", "f64") => (a, _, _) => Bits((float)F64(a)),
            ("f64", "s32") => (a, _, _) => Bits((double)(int)a),
            ("f64", "u32") => (a, _, _) => Bits((double)(uint)a),
            ("f32", "s32") => (a, _, _) => Bits((float)(int)a),
            ("bf16x2", "f32") => (a, b, _) => TensorArithmetic.Bf16Pair(F32(a), F32(b)),
            ("s32", "f64") when towardsZero => (a, _, _) => (uint)(int)F64(a),
            ("u32", "f64") when towardsZero => (a, _, _) => (uint)F64(a),
            ("s64" or "u64", "s32") => (a, _, _) => (ulong)(int)a,
            ("s64" or "u64", "u32") => (a, _, _) => (uint)a,
            ("s32" or "u32", "s64" or "u64") => (a, _, _) => (uint)a,
            _ => throw new SimulationException($"The PTX interpreter does not convert {from} to {to}."),
        };

    private static Func<float, float, float, float>? Single(string name) => name switch
    {
        "add" => (a, b, _) => a + b,
        "sub" => (a, b, _) => a - b,
        "mul" => (a, b, _) => a * b,
        "div" => (a, b, _) => a / b,
        "rcp" => (a, _, _) => 1 / a,
        "sqrt" => (a, _, _) => MathF.Sqrt(a),
        "neg" => (a, _, _) => -a,
        "fma" => MathF.FusedMultiplyAdd,
        _ => null,
    };

    private static Func<double, double, double, double>? Double(string name) => name switch
    {
        "add" => (a, b, _) => a + b,
        "sub" => (a, b, _) => a - b,
        "mul" => (a, b, _) => a * b,
        "div" => (a, b, _) => a / b,
        "rcp" => (a, _, _) => 1 / a,
        "sqrt" => (a, _, _) => Math.Sqrt(a),
        "neg" => (a, _, _) => -a,
        "fma" => Math.FusedMultiplyAdd,
        _ => null,
    };

    private static float F32(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static double F64(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    private static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);
}
