using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Files;

namespace SelfAdapt.Tool.Results;

/// <summary>The file of --json: a result for scripts.</summary>
internal static class ResultFile
{
    /// <summary>Checks before any work that the result can be written.</summary>
    /// <param name="path">The file; null for none.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputExists: something other than a JSON object is there. OutputNotWritable: it can't be written.
    /// </exception>
    public static void Check(string? path)
    {
        if (path is null)
        {
            return;
        }

        if (File.Exists(path) && !HoldsJsonObject(path))
        {
            throw new SelfAdaptException(
                ErrorKind.OutputExists, path,
                $"is there already and is no JSON result, so --json doesn't replace it. Name another "
                    + $"file.");
        }

        OutputFolder.RequireWritable(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Writes the result.</summary>
    /// <param name="path">The file; null for none.</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: it can't be written.</exception>
    public static void Write(string? path, JsonObject result)
    {
        if (path is not null)
        {
            byte[] content = [.. JsonSerializer.SerializeToUtf8Bytes(result, JsonStyle.Page), (byte)'\n'];
            OutputFile.WriteDurably(path, content);
        }
    }

    /// <summary>A number; null where it is none that JSON can hold.</summary>
    public static JsonNode? Number(double? value) =>
        value is { } number && double.IsFinite(number) ? JsonValue.Create(number) : null;

    private static bool HoldsJsonObject(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return stream.ReadByte() is -1 or '{';
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
