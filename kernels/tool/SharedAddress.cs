using System;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SelfAdapt.KernelTool;

/// <summary>
/// Moves constants out of shared memory's indices into the address of the access. ILGPU computes (index + constant) *
/// size anew for every access; with the constant behind the register, all accesses of a tile share one computation.
/// Indices of shared memory are never negative, so nothing wraps. What the old computation leaves unused the driver's
/// compiler drops.
/// </summary>
internal static partial class SharedAddress
{
    /// <summary>Rewrites a module.</summary>
    /// <param name="text">One kernel's PTX.</param>
    public static string Fold(string text)
    {
        string folded = Access().Replace(text, m =>
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
        return folded == text
            ? text
            : folded.Insert(folded.IndexOf("\t.reg ", StringComparison.Ordinal), "\t.reg .b64\t%base<2>;\n");
    }

    [GeneratedRegex(
        @"(\tadd\.s32\t(%r\d+), (%r\d+), (\d+);\n\tmul\.wide\.u32\t(%rd\d+), \2, (\d+);\n"
        + @"\tadd\.u64\t(%rd\d+), (%rd\d+), \5;\n)(\t(?:ld|st)\.shared[^\n]*\[)\7\]")]
    private static partial Regex Access();
}
