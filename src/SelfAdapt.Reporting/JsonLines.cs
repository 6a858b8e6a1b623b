using System.Text.Json;

namespace SelfAdapt.Reporting;

/// <summary>Reads files of one JSON value a line, some of which a killed run left half written.</summary>
internal static class JsonLines
{
    /// <summary>A file with more lines than this that are no JSON is something else: the rest is left alone.</summary>
    private const int MostBad = 1000;

    /// <summary>Reads a file's lines, passing over those that can't be read.</summary>
    /// <typeparam name="T">What a line is read as.</typeparam>
    /// <param name="parse">Reads a line; null for one of another kind, a JsonException for one that is damaged.</param>
    public static IEnumerable<T> Read<T>(string path, Func<string, T?> parse)
    {
        int bad = 0;
        // The run may still be writing.
        using StreamReader reader = new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            T? value = default;
            try
            {
                value = parse(line);
            }
            catch (JsonException) when (++bad <= MostBad)
            {
            }
            catch (JsonException)
            {
                yield break;
            }

            if (value is not null)
            {
                yield return value;
            }
        }
    }
}
