using System.Globalization;

namespace SelfAdapt.Benchmarks;

/// <summary>What the command line asks for.</summary>
/// <param name="Table">A table's name, or "all".</param>
/// <param name="Threads">Threads of the parallel rows.</param>
/// <param name="Rounds">Timed rounds.</param>
/// <param name="Size">Height and width of a crop, px.</param>
/// <param name="Batch">Images per call of the convolutions.</param>
/// <param name="Python">The interpreter that has torch.</param>
/// <param name="LibTorch">The program of torchsharp/, or null.</param>
/// <param name="Out">A file for the tables, or null.</param>
/// <param name="Device">Which GPU, for the tables of the gpu command.</param>
internal sealed record Settings(
    string Table, int Threads, int Rounds, int Size, int Batch, string Python, string? LibTorch, string? Out,
    int Device = 0)
{
    public const int FullSize = 224;
    private const int FullRounds = 10;

    private static readonly Settings Defaults =
        new("all", Environment.ProcessorCount, FullRounds, FullSize, 8, "/usr/bin/python3", null, null);

    /// <summary>Too short a run, or not the size that the goals are stated for.</summary>
    public bool IsSmoke => Rounds < FullRounds || Size != FullSize;

    /// <summary>One thread, and all of them.</summary>
    public int[] ThreadCounts => Threads == 1 ? [1] : [Threads, 1];

    /// <summary>Reads the command line.</summary>
    /// <param name="arguments">[table] and options with a value each.</param>
    /// <returns>Null where it does not make sense.</returns>
    public static Settings? Parse(ReadOnlySpan<string> arguments)
    {
        Settings settings = Defaults;
        if (arguments.Length > 0 && !arguments[0].StartsWith('-'))
        {
            settings = settings with { Table = arguments[0] };
            arguments = arguments[1..];
        }

        for (; arguments.Length > 1; arguments = arguments[2..])
        {
            if (settings.With(arguments[0], arguments[1]) is not { } changed)
            {
                return null;
            }

            settings = changed;
        }

        return arguments.IsEmpty ? settings : null;
    }

    private Settings? With(string option, string value) => (option, Number(value)) switch
    {
        ("--threads", >= 1 and <= 1024 and var n) => this with { Threads = n },
        ("--rounds", >= 1 and <= 1000 and var n) => this with { Rounds = n },
        ("--size", >= 16 and <= 2048 and var n) when n % 16 == 0 => this with { Size = n },
        ("--batch", >= 1 and <= 1024 and var n) => this with { Batch = n },
        ("--device", >= 0 and <= 255 and var n) => this with { Device = n },
        ("--python", _) => this with { Python = value },
        ("--libtorch", _) => this with { LibTorch = value },
        ("--out", _) => this with { Out = value },
        _ => null,
    };

    private static int Number(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;
}
