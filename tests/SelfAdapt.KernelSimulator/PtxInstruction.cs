using System.Globalization;
using System.Text.RegularExpressions;

namespace SelfAdapt.KernelSimulator;

/// <summary>Makes an action of an instruction's text.</summary>
internal static partial class PtxInstruction
{
    /// <summary>Compiles a line.</summary>
    /// <param name="line">The instruction, with its guard.</param>
    /// <param name="operand">Reads operands.</param>
    /// <param name="labels">Where labels lead.</param>
    /// <param name="parameters">Where parameters lie.</param>
    public static Action<PtxThread> Compile(
        string line, Func<string, PtxOperand> operand, IReadOnlyDictionary<string, int> labels,
        IReadOnlyDictionary<string, int> parameters)
    {
        Match m = Line().Match(line);
        if (!m.Success)
        {
            throw Unknown(line);
        }

        string[] name = m.Groups[3].Value.Split('.');
        string[] texts = [.. Argument().Matches(m.Groups[4].Value).Select(a => a.Value)];
        Action<PtxThread> action = name[0] switch
        {
            "ret" => t => t.Stop = PtxStop.End,
            "bar" => t => t.Stop = PtxStop.Barrier,
            "bra" => Branch(labels[texts[0]]),
            "ld" or "st" or "red" => Transfer(name, texts, operand, parameters, line),
            "mma" when name is [.., "m16n8k8", "row", "col", "f32", "tf32", "tf32", "f32"] =>
                Multiply(texts, operand, false),
            "mma" when name is [.., "m16n8k16", "row", "col", "f32", "bf16", "bf16", "f32"] =>
                Multiply(texts, operand, true),
            _ => Compute(name, [.. texts.Select(operand)], line),
        };
        if (!m.Groups[2].Success)
        {
            return action;
        }

        PtxOperand guard = operand(m.Groups[2].Value);
        ulong wanted = m.Groups[1].Length > 0 ? 0UL : 1UL;
        return t =>
        {
            if (guard.Read(t) == wanted)
            {
                action(t);
            }
        };
    }

    /// <summary>d = a b + c on a tensor core, for the whole warp at once.</summary>
    private static Action<PtxThread> Multiply(string[] texts, Func<string, PtxOperand> operand, bool bf16)
    {
        PtxOperand[][] o = [.. texts.Select(t => t.Trim('{', '}').Split(',').Select(p => operand(p.Trim())).ToArray())];
        void Together(PtxThread[] warp)
        {
            uint[][] lanes = [.. warp.Select(t => o[1].Concat(o[2]).Select(p => (uint)p.Read(t)).ToArray())];
            for (int lane = 0; lane < warp.Length; lane++)
            {
                PtxThread thread = warp[lane];
                float[] sums = [.. o[3].Select(p => BitConverter.UInt32BitsToSingle((uint)p.Read(thread)))];
                TensorArithmetic.AddProduct(sums, lane, lanes, bf16);
                for (int i = 0; i < sums.Length; i++)
                {
                    thread.Registers[o[0][i].Register] = BitConverter.SingleToUInt32Bits(sums[i]);
                }
            }
        }

        return t => (t.Stop, t.Together) = (PtxStop.Warp, Together);
    }

    private static Action<PtxThread> Branch(int target) => t => t.Next = target;

    private static Action<PtxThread> Compute(string[] name, PtxOperand[] o, string line)
    {
        string type = name[^1];
        int target = o[0].Register;
        Func<ulong, ulong, ulong, ulong> f = name[0] switch
        {
            "mov" or "cvta" => (a, _, _) => a,
            "setp" => PtxArithmetic.Compare(name[1], type),
            "selp" => (a, b, c) => c != 0 ? a : b,
            "cvt" => PtxArithmetic.Convert(name[^2], name[^1], name.Contains("rzi")),
            _ => PtxArithmetic.Operation(name[0], type, name.Contains("wide")) ?? throw Unknown(line),
        };
        PtxOperand a = o[1];
        PtxOperand b = o.Length > 2 ? o[2] : default;
        PtxOperand c = o.Length > 3 ? o[3] : default;
        return o.Length switch
        {
            2 => t => t.Registers[target] = f(a.Read(t), 0, 0),
            3 => t => t.Registers[target] = f(a.Read(t), b.Read(t), 0),
            4 => t => t.Registers[target] = f(a.Read(t), b.Read(t), c.Read(t)),
            _ => throw Unknown(line),
        };
    }

    private static Action<PtxThread> Transfer(
        string[] name, string[] texts, Func<string, PtxOperand> operand, IReadOnlyDictionary<string, int> parameters,
        string line)
    {
        string addressText = texts.Single(a => a[0] == '[')[1..^1];
        string values = texts.Single(a => a[0] != '[').Trim('{', '}');
        int[] registers = [.. values.Split(',').Select(v => operand(v.Trim()).Register)];
        PtxOperand[] sources = [.. values.Split(',').Select(v => operand(v.Trim()))];
        string[] parts = addressText.Split('+');
        ulong offset = parts.Length > 1 ? ulong.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        PtxOperand address = name[1] == "param"
            ? new(-1, (1UL << 36) + (ulong)parameters[parts[0]], null)
            : operand(parts[0]);
        string? space = Array.Find(name, n => n is "param" or "shared" or "global");
        int bytes = name[^1].EndsWith("64", StringComparison.Ordinal) ? 8 : 4;
        int alignment = bytes * registers.Length;
        return name[0] switch
        {
            "ld" => t =>
            {
                ulong at = address.Read(t) + offset;
                for (int i = 0; i < registers.Length; i++)
                {
                    ulong own = at + (ulong)(i * bytes);
                    int aligned = i == 0 ? alignment : bytes;
                    t.Registers[registers[i]] = bytes == 8
                        ? t.Memory.At<ulong>(own, space, aligned, t)
                        : t.Memory.At<uint>(own, space, aligned, t);
                }
            }
            ,
            "st" => t =>
            {
                ulong at = address.Read(t) + offset;
                for (int i = 0; i < sources.Length; i++)
                {
                    ulong own = at + (ulong)(i * bytes);
                    int aligned = i == 0 ? alignment : bytes;
                    if (bytes == 8)
                    {
                        t.Memory.At<ulong>(own, space, aligned, t) = sources[i].Read(t);
                    }
                    else
                    {
                        t.Memory.At<uint>(own, space, aligned, t) = (uint)sources[i].Read(t);
                    }
                }
            }
            ,
            "red" when name is [_, "add" or "min", .., "u32"] => t =>
            {
                ref uint place = ref t.Memory.At<uint>(address.Read(t) + offset, space, bytes, t);
                uint value = (uint)sources[0].Read(t);
                place = name[1] == "add" ? place + value : Math.Min(place, value);
            }
            ,
            _ => throw Unknown(line),
        };
    }

    private static SimulationException Unknown(string line) =>
        new($"The PTX interpreter does not know \"{line}\".");

    [GeneratedRegex(@"^(?:@(!?)(%p\d+)\s+)?([a-z][\w.]*)\s*(.*)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"\[[^\]]*\]|\{[^}]*\}|[^\s,]+")]
    private static partial Regex Argument();
}
