using System.CommandLine;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.ShallowToDeep.Strokes;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Verbs;

/// <summary>paint: strokes as a user would paint them, from masks that are known; for trying things out.</summary>
internal static class PaintVerb
{
    public static Command Create(Terminal terminal)
    {
        SettingOptions<PaintSettings> options = new();
        SettingOptions<PaintOptions> strokes = new();
        Command command = new("paint", "Simulate brush strokes from masks");
        options.AddTo(command);
        strokes.AddTo(command);
        command.SetAction(parsed =>
        {
            PaintOptions how = strokes.Get(parsed);
            strokes.Check(() => Settings.Check(how));
            return Run(terminal, options.Get(parsed), how);
        });
        return command;
    }

    private static int Run(Terminal terminal, PaintSettings settings, PaintOptions options)
    {
        ResultFile.Check(settings.Json);
        KeyValuePair<string, string>[] masks = [.. MaskFolder.List(settings.Labels, MaskFolder.Role.Labels)];
        if (settings.Count > 0)
        {
            masks = masks[..Math.Min(settings.Count, masks.Length)];
        }

        OutputFolder.Prepare(settings.Out, settings.Force);
        JsonArray painted = [];
        SkippedFiles skipped = [];
        skipped.Keep(masks, m => m.Value, m =>
        {
            terminal.Cancelled.ThrowIfCancellationRequested();
            LabelImage strokes = StrokePainter.Paint(LabelFile.Read(m.Value), options, m.Key);
            LabelFile.WritePng(Path.Combine(settings.Out, m.Key + StrokeFolder.Ending + ".png"), strokes);
            int background = strokes.Labels.Count(l => l == StrokeImage.Background);
            int objects = strokes.Labels.Count(l => l == StrokeImage.Object);
            terminal.Out.WriteLine($"{m.Key}: {background} background and {objects} object pixels");
            painted.Add(new JsonObject { ["name"] = m.Key, ["background"] = background, ["object"] = objects });
        });
        skipped.Report(terminal);
        ResultFile.Write(settings.Json, new JsonObject { ["images"] = painted, ["skipped"] = skipped.ToJson() });
        return (int)skipped.Code;
    }

    private sealed record PaintSettings : ResultSettings
    {
        [Setting("True masks: NAME_masks.*, NAME_cp_masks.* or NAME.*", Unit = "folder")]
        public required string Labels { get; init; }

        [Setting("Where strokes go: NAME_strokes.png", Unit = "folder")]
        public required string Out { get; init; }

        [Setting(0, 1_000_000, "Paint so many images only, the first by name; 0: all", Basic = true)]
        public int Count { get; init; }

        [Setting("Write over earlier strokes", Basic = true)]
        public bool Force { get; init; }
    }
}
