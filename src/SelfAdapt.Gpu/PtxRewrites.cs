using System.Globalization;
using System.Text.RegularExpressions;

namespace SelfAdapt.Gpu;

/// <summary>
/// What makes ILGPU's text faster. It is right without; where a pattern does not fit, it stays as it is.
/// </summary>
internal static partial class PtxRewrites
{
    /// <summary>Raised with every change here, so that what was cached before is not taken for new.</summary>
    public const int Version = 1;

    public static string Apply(string text) =>
        GlobalAccesses(SharedIndices(LocalVariables(text.ReplaceLineEndings("\n"))));

    /// <summary>
    /// Puts local variables into registers. ILGPU keeps each operand of inline assembly in a local variable of its own,
    /// whose address it takes once and uses for nothing but loads and stores: a register does the same without memory.
    /// </summary>
    private static string LocalVariables(string text)
    {
        Dictionary<string, string> registers = [];
        foreach (Match m in LocalAddress().Matches(text))
        {
            registers.Add(m.Groups[1].Value, $"%local{registers.Count}");
        }

        if (registers.Count == 0)
        {
            return text;
        }

        text = LocalStore().Replace(
            text, m => $"mov.{m.Groups[1].Value}\t{registers[m.Groups[2].Value]}, {m.Groups[3].Value};");
        text = LocalLoad().Replace(
            text, m => $"mov.{m.Groups[1].Value}\t{m.Groups[2].Value}, {registers[m.Groups[3].Value]};");
        text = LocalDeclaration().Replace(LocalAddress().Replace(text, ""), "");
        return Declare(text, $".b32\t%local<{registers.Count}>");
    }

    /// <summary>
    /// Moves constants out of shared memory's indices into the address of the access. ILGPU computes (index + constant)
    /// * size anew for every access; with the constant behind the register, all accesses of a tile share one
    /// computation. Indices of shared memory are never negative, so nothing wraps. What the old computation leaves
    /// unused the driver's compiler drops.
    /// </summary>
    private static string SharedIndices(string text)
    {
        string folded = SharedAccess().Replace(text, m =>
        {
            (string index, string size, string address) = (m.Groups[3].Value, m.Groups[6].Value, m.Groups[8].Value);
            if (address == m.Groups[7].Value)
            {
                return m.Value;
            }

            long offset = long.Parse(m.Groups[4].Value, CultureInfo.InvariantCulture)
                * long.Parse(size, CultureInfo.InvariantCulture);
            return m.Groups[1].Value
                + $"\tmul.wide.u32\t%base0, {index}, {size};\n\tadd.u64\t%base1, {address}, %base0;\n"
                + $"{m.Groups[9].Value}%base1+{offset}]";
        });
        return folded == text ? text : Declare(folded, ".b64\t%base<2>");
    }

    /// <summary>
    /// Says of accesses that they are to global memory. ILGPU finds out on O1 what lies in shared memory; what is left
    /// comes from the kernels' views, which lie in global memory.
    /// </summary>
    private static string GlobalAccesses(string text) => GenericAccess().Replace(text, "$1.global.$2");

    private static string Declare(string text, string registers) =>
        text.Insert(text.IndexOf("\t.reg ", StringComparison.Ordinal), $"\t.reg {registers};\n");

    [GeneratedRegex(@"\tmov\.b64\t(%rd\d+), __local_depot\d+;\n")]
    private static partial Regex LocalAddress();

    [GeneratedRegex(@"\t\.local \.align 4 \.b8 __local_depot\d+\[4\];\n")]
    private static partial Regex LocalDeclaration();

    [GeneratedRegex(@"st\.local\.(\w+)\t\[(%rd\d+)\], ([^;]+);")]
    private static partial Regex LocalStore();

    [GeneratedRegex(@"ld\.local\.(\w+)\t([^,]+), \[(%rd\d+)\];")]
    private static partial Regex LocalLoad();

    [GeneratedRegex(
        @"(\tadd\.s32\t(%r\d+), (%r\d+), (\d+);\n\tmul\.wide\.u32\t(%rd\d+), \2, (\d+);\n"
        + @"\tadd\.u64\t(%rd\d+), (%rd\d+), \5;\n)(\t(?:ld|st)\.shared[^\n]*\[)\7\]")]
    private static partial Regex SharedAccess();

    [GeneratedRegex(@"\b(ld|st)\.((?:v[24]\.)?[bfsu]\d+\t)")]
    private static partial Regex GenericAccess();
}
