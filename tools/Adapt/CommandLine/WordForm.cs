using System.Globalization;
using System.Numerics;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>How values of a type are written, whatever the machine's language.</summary>
/// <param name="Sketch">Stands for the value in the help.</param>
/// <param name="Expected">What a word must be.</param>
/// <param name="Read">The value of a word; null where it is none.</param>
internal sealed record WordForm(string Sketch, string Expected, Func<string, object?> Read)
{
    private static readonly Dictionary<Type, WordForm> Known = new()
    {
        [typeof(string)] = new("TEXT", "a text", word => word),
        [typeof(double)] = Number<double>("X", "a number such as 20.5 or 1e-4", NumberStyles.Float),
        [typeof(int)] = Number<int>("N", "a whole number in digits", NumberStyles.Integer),
        [typeof(ulong)] = Number<ulong>("N", "a whole number in digits, not negative", NumberStyles.Integer),
        [typeof(MemorySize)] = new("SIZE", "a size such as 2GB or 500MB", word => MemorySize.Parse(word))
        {
            IsNumber = true,
        },
        [typeof(DeviceChoice)] = new(
            "auto|cpu|cuda[:N]|opencl[:N]", "one of auto, cpu, cuda, opencl, cuda:N, opencl:N (cuda:1, say)",
            word => DeviceChoice.Parse(word))
        {
            Words = ["auto", "cpu", "cuda", "opencl"],
        },
        [typeof(DiameterChoice)] = new(
            "PX|auto", "a number of pixels from 0 to 10000 such as 20.5, or auto", word => DiameterChoice.Parse(word))
        {
            IsNumber = true,
            Words = ["auto"],
        },
        [typeof(GammaChoice)] = new("G|auto", "a number from 0.1 to 10 such as 0.7, or auto", word => GammaChoice.Parse(word))
        {
            IsNumber = true,
            Words = ["auto"],
        },
        [typeof(Shard)] = new("I/N|slurm", "a part and their number such as 3/8, or slurm", word => Shard.Parse(word))
        {
            Words = ["slurm"],
        },
        [typeof(VariantChoice)] = new(
            "original|portable|static:N|fp16", "original, portable, fp16, or static: and a size such as static:256",
            word => VariantChoice.Parse(word))
        {
            Words = ["original", "portable", "fp16"],
        },
        [typeof(ChannelPair)] = new("FIRST,SECOND", "two numbers such as 0,0 or 2,1", word => Channels(word)),
        [typeof(OutputDescription)] = new("KIND,...", $"a list of: {OutputKind.Words}", OutputMeaning.Parse),
    };

    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Whether a comma in it may be meant as a decimal point.</summary>
    public bool IsNumber { get; private init; }

    public static WordForm Of(Type type) => type.IsEnum ? Choice(type) : Known[type];

    /// <summary>The word that <see cref="Read"/> reads as a value.</summary>
    public static string? Write(object? value) => value switch
    {
        Enum choice => FlagNames.WordOf(choice),
        string[] words => words.Length == 0 ? null : string.Join(' ', words),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString(),
    };

    /// <summary>What is wrong with a word; null where nothing is.</summary>
    public string? Fault(string flag, string word)
    {
        if (Read(word) is not null)
        {
            return null;
        }

        string pointed = word.Replace(',', '.');
        string hint = IsNumber && pointed != word && Read(pointed) is not null
            ? $" A point stands before decimals: write {pointed}."
            : Spelling.Hint(word, Words);
        return $"{flag} is '{word}', but must be {Expected}.{hint}";
    }

    private static WordForm Number<T>(string sketch, string expected, NumberStyles style)
        where T : struct, INumber<T> =>
        new(sketch, expected, word =>
            T.TryParse(word, style, CultureInfo.InvariantCulture, out T value) && T.IsFinite(value) ? value : null)
        {
            IsNumber = true,
        };

    private static WordForm Choice(Type type)
    {
        Dictionary<string, object> values = Enum.GetValues(type).Cast<object>()
            .ToDictionary(v => FlagNames.WordOf((Enum)v), StringComparer.Ordinal);
        return new(
            string.Join('|', values.Keys), $"one of {string.Join(", ", values.Keys)}",
            word => values.GetValueOrDefault(word))
        {
            Words = [.. values.Keys],
        };
    }

    private static ChannelPair? Channels(string word)
    {
        ushort[] numbers = [.. word.Split(',')
            .TakeWhile(n => ushort.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(n => ushort.Parse(n, CultureInfo.InvariantCulture))];
        return numbers is [ushort first, ushort second] && word.Count(c => c == ',') == 1
            ? new ChannelPair(first, second)
            : null;
    }
}
