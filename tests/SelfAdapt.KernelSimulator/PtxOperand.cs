using System.Globalization;

namespace SelfAdapt.KernelSimulator;

/// <summary>Where an instruction finds a number: in a register, in itself, or in what the launch says.</summary>
internal readonly record struct PtxOperand(int Register, ulong Constant, string? Special)
{
    private const int NoRegister = -1;

    /// <summary>Reads an operand.</summary>
    /// <param name="text">As in the source.</param>
    /// <param name="registers">Registers met so far, by name.</param>
    /// <param name="symbols">Addresses of shared arrays, by name.</param>
    public static PtxOperand Parse(
        string text, Dictionary<string, int> registers, IReadOnlyDictionary<string, ulong> symbols)
    {
        if (text.StartsWith('%'))
        {
            if (text.Contains('.', StringComparison.Ordinal))
            {
                return new(NoRegister, 0, text);
            }

            if (!registers.TryGetValue(text, out int index))
            {
                registers.Add(text, index = registers.Count);
            }

            return new(index, 0, null);
        }

        if (symbols.TryGetValue(text, out ulong address))
        {
            return new(NoRegister, address, null);
        }

        ulong value = text switch
        {
            ['0', 'f', .. string hex] => uint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ['0', 'd', .. string hex] => ulong.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ['-', ..] => (ulong)long.Parse(text, CultureInfo.InvariantCulture),
            _ => ulong.Parse(text, CultureInfo.InvariantCulture),
        };
        return new(NoRegister, value, null);
    }

    /// <summary>The number, as bits.</summary>
    /// <param name="thread">The thread that asks.</param>
    public ulong Read(PtxThread thread) =>
        Register >= 0 ? thread.Registers[Register] : Special is null ? Constant : thread.Special(Special);
}
