using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace SelfAdapt.KernelSimulator;

/// <summary>
/// A kernel of a PTX text, run instruction by instruction: shows without a GPU that the text computes what the
/// sources say. It knows the instructions that ILGPU emits for the kernels and refuses any other.
/// </summary>
public sealed partial class PtxKernel
{
    private readonly List<(string Name, int Bytes)> _parameters = [];
    private readonly List<int> _sharedBytes = [];
    private readonly List<Action<PtxThread>> _code = [];
    private readonly Dictionary<string, int> _registers = [];
    private readonly Dictionary<string, int> _parameterOffsets = [];
    private readonly Dictionary<string, ulong> _sharedAddresses = [];
    private readonly Dictionary<string, int> _labels = [];

    private PtxKernel(string name, string parameters, string body)
    {
        Name = name;
        int offset = 0;
        foreach (Match p in Parameter().Matches(parameters))
        {
            int bytes = p.Groups[3].Success ? int.Parse(p.Groups[3].Value, CultureInfo.InvariantCulture) : 4;
            int alignment = p.Groups[1].Value.Contains("align 8", StringComparison.Ordinal) ? 8 : 4;
            offset = (offset + alignment - 1) / alignment * alignment;
            _parameterOffsets.Add(p.Groups[2].Value, offset);
            _parameters.Add((p.Groups[2].Value, bytes));
            offset += bytes;
        }

        ParameterBytes = offset;
        foreach (Match s in Shared().Matches(body))
        {
            // The launch gives shared arrays the first ranges of its address space, in their order.
            _sharedBytes.Add(int.Parse(s.Groups[2].Value, CultureInfo.InvariantCulture));
            _sharedAddresses.Add(s.Groups[1].Value, (ulong)(_sharedBytes.Count + 1) << 36);
        }

        string[] lines = [.. body.Split('\n')
            .Select(l => l.Trim())
            .Where(l => l.Length > 0 && l[0] is not '.' and not '{')];
        int index = 0;
        foreach (string line in lines)
        {
            if (line.EndsWith(':'))
            {
                _labels.Add(line[..^1], index);
            }
            else
            {
                index++;
            }
        }

        foreach (string line in lines.Where(l => !l.EndsWith(':')))
        {
            _code.Add(PtxInstruction.Compile(line.TrimEnd(';'), Operand, _labels, _parameterOffsets));
        }
    }

    /// <summary>The entry's name.</summary>
    public string Name { get; }

    /// <summary>Bytes of all parameters.</summary>
    public int ParameterBytes { get; }

    /// <summary>The kernels of a text.</summary>
    /// <param name="text">A PTX file.</param>
    public static IReadOnlyList<PtxKernel> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. Entry().Matches(text).Select(e => new PtxKernel(
            e.Groups[1].Value, e.Groups[2].Value, e.Groups[3].Value))];
    }

    /// <summary>Runs it.</summary>
    /// <param name="grid">Number of groups.</param>
    /// <param name="group">Threads in a group.</param>
    /// <param name="args">Memories for views, which cover them whole; numbers, enums and structures of them.</param>
    /// <exception cref="SimulationException">The program did something forbidden, or arguments do not fit.</exception>
    public void Launch((int X, int Y, int Z) grid, (int X, int Y, int Z) group, params object[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        for (int i = 0; i < grid.X * grid.Y * grid.Z; i++)
        {
            PtxMemory memory = new();
            SimulatedMemory parameters = new(ParameterBytes);
            memory.Add(parameters, "param");
            _sharedBytes.ForEach(s => memory.Add(new(s), "shared"));
            Pack(args, memory, parameters);
            RunGroup(memory, grid, (i % grid.X, i / grid.X % grid.Y, i / (grid.X * grid.Y)), group);
        }
    }

    private PtxOperand Operand(string text) => PtxOperand.Parse(text, _registers, _sharedAddresses);

    private unsafe void Pack(object[] args, PtxMemory memory, SimulatedMemory parameters)
    {
        if (args.Length != _parameters.Count)
        {
            throw new SimulationException($"{Name} has {_parameters.Count} parameters, not {args.Length}.");
        }

        foreach (((string name, int bytes), object value) in _parameters.Zip(args))
        {
            int at = _parameterOffsets[name];
            if (bytes != (value is SimulatedMemory ? 16 : Marshal.SizeOf(Number(value))))
            {
                throw new SimulationException(
                    $"{Name}: parameter {name} has {bytes} bytes, {value.GetType()} does not.");
            }

            if (value is SimulatedMemory view)
            {
                parameters.Values<ulong>(at, 1)[0] = memory.Add(view, "global");
                parameters.Values<long>(at + 8, 1)[0] = view.Length / 4;
            }
            else
            {
                fixed (byte* target = parameters.Values<byte>(at, bytes))
                {
                    Marshal.StructureToPtr(Number(value), (nint)target, false);
                }
            }
        }
    }

    private static object Number(object value) => value is Enum ? Convert.ToInt32(value, null) : value;

    private void RunGroup(
        PtxMemory memory, (int X, int Y, int Z) grid, (int X, int Y, int Z) place, (int X, int Y, int Z) size)
    {
        PtxThread[] threads = [.. Enumerable.Range(0, size.X * size.Y * size.Z).Select(t => new PtxThread(
            _registers.Count, memory, place, grid, (t % size.X, t / size.X % size.Y, t / (size.X * size.Y)), size))];
        while (true)
        {
            foreach (PtxThread[] warp in threads.Chunk(GroupRun.WarpSize))
            {
                RunWarp(warp);
            }

            if (Array.TrueForAll(threads, t => t.Stop == PtxStop.End))
            {
                return;
            }

            if (Array.Find(threads, t => t.Stop == PtxStop.End) is { } gone)
            {
                throw gone.Fault("it ends while others wait at a barrier");
            }
        }
    }

    /// <summary>Until its threads wait for the group or end.</summary>
    private void RunWarp(PtxThread[] warp)
    {
        do
        {
            foreach (PtxThread thread in warp)
            {
                Run(thread);
            }

            if (warp[0].Stop == PtxStop.Warp)
            {
                if (Array.Find(warp, t => t.Stop != PtxStop.Warp || t.Next != warp[0].Next) is { } other)
                {
                    throw other.Fault("it is elsewhere when its warp is to act together");
                }

                warp[0].Together!(warp);
            }
        }
        while (warp[0].Stop == PtxStop.Warp);
    }

    private void Run(PtxThread thread)
    {
        thread.Stop = PtxStop.None;
        while (thread.Stop == PtxStop.None)
        {
            _code[thread.Next++](thread);
        }
    }

    [GeneratedRegex(@"\.visible \.entry (\w+)\(([^)]*)\)[^{]*\{(.*?)\n\}", RegexOptions.Singleline)]
    private static partial Regex Entry();

    [GeneratedRegex(@"\.param (\S+(?: \d+ \.b8)?) (\w+)(?:\[(\d+)\])?")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\.shared \.align \d+ \.b8 (\w+)\[(\d+)\]")]
    private static partial Regex Shared();
}
