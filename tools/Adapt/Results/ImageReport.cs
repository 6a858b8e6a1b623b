using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Results;

/// <summary>What inspect says of a picture file.</summary>
internal static class ImageReport
{
    /// <summary>Prints what a file holds and how its planes were understood.</summary>
    /// <param name="json">The file for the result; null for none.</param>
    /// <exception cref="SelfAdaptException">The file can't be read, or the result not written.</exception>
    public static int Run(Terminal terminal, string path, string? json)
    {
        ImageFacts facts = ImageFacts.Read(path);
        (int channels, int height, int width) = facts.Sizes[0];
        string unlike = facts.Sizes.All(s => s == facts.Sizes[0]) ? "" : ", others differ";
        terminal.Out.WriteLine(path);
        terminal.Out.WriteLine($"  format     {facts.Format}, {facts.Kind}");
        terminal.Out.WriteLine(
            $"  images     {facts.Sizes.Count}, {channels} channels of {width} x {height} px{unlike}");
        terminal.Out.WriteLine($"  planes     {facts.Planes}");
        if (facts.Levels > 0)
        {
            terminal.Out.WriteLine($"  levels     0 to {facts.Levels}: smaller copies, by --level");
        }

        if (facts.NoData is { } value)
        {
            terminal.Out.WriteLine($"  no data    {value.ToString(CultureInfo.InvariantCulture)}");
        }

        foreach (string note in facts.Notes)
        {
            terminal.Out.WriteLine($"  note       {note}");
        }

        ResultFile.Write(json, new JsonObject
        {
            ["image"] = path,
            ["format"] = facts.Format,
            ["type"] = facts.Kind.ToString(),
            ["images"] = facts.Sizes.Count,
            ["channels"] = channels,
            ["height"] = height,
            ["width"] = width,
            ["planes"] = facts.Planes,
            ["levels"] = facts.Levels,
            ["no_data"] = facts.NoData is { } number && double.IsFinite(number) ? number : null,
            ["notes"] = new JsonArray([.. facts.Notes.Select(n => (JsonNode)n)]),
        });
        return (int)ExitCode.Ok;
    }
}
