using System;
using System.Collections.Generic;
using System.Text.RegularExpressions;

namespace SelfAdapt.KernelTool;

/// <summary>
/// Puts local variables into registers. ILGPU keeps each operand of inline assembly in a local variable of its own,
/// whose address it takes once and uses for nothing but loads and stores: a register does the same without memory.
/// </summary>
internal static partial class LocalMemory
{
    /// <summary>Rewrites a module; what is not of that kind stays as it is.</summary>
    /// <param name="text">One kernel's PTX.</param>
    public static string ToRegisters(string text)
    {
        Dictionary<string, string> registers = [];
        foreach (Match m in Address().Matches(text))
        {
            registers.Add(m.Groups[1].Value, $"%local{registers.Count}");
        }

        if (registers.Count == 0)
        {
            return text;
        }

        text = Store().Replace(
            text, m => $"mov.{m.Groups[1].Value}\t{registers[m.Groups[2].Value]}, {m.Groups[3].Value};");
        text = Load().Replace(
            text, m => $"mov.{m.Groups[1].Value}\t{m.Groups[2].Value}, {registers[m.Groups[3].Value]};");
        text = Address().Replace(text, "");
        text = Declaration().Replace(text, "");
        int first = text.IndexOf("\t.reg ", StringComparison.Ordinal);
        return text.Insert(first, $"\t.reg .b32\t%local<{registers.Count}>;\n");
    }

    [GeneratedRegex(@"\tmov\.b64\t(%rd\d+), __local_depot\d+;\n")]
    private static partial Regex Address();

    [GeneratedRegex(@"\t\.local \.align 4 \.b8 __local_depot\d+\[4\];\n")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"st\.local\.(\w+)\t\[(%rd\d+)\], ([^;]+);")]
    private static partial Regex Store();

    [GeneratedRegex(@"ld\.local\.(\w+)\t([^,]+), \[(%rd\d+)\];")]
    private static partial Regex Load();
}
