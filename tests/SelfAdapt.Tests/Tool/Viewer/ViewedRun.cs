using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Results;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tests.Tool.Viewer;

/// <summary>A run's folder made by hand around the default model, and its server.</summary>
internal sealed class ViewedRun : IDisposable
{
    public const string ImageName = "a <b>&amp; image";

    private readonly CancellationTokenSource _end = new();
    private readonly string _parent = Directory.CreateTempSubdirectory("selfadapt-view-").FullName;
    private readonly Task _serving;

    public ViewedRun(SegmentationOptions segmentation, string? runtime)
    {
        Folder = Path.Combine(_parent, "run");
        Micrograph micrograph = MicrographSimulator.Simulate(MicrographOptions.Shifted, 3);
        Image = micrograph.Image;
        foreach (string folder in (string[])
            [RunFolder.Shown(Folder), RunFolder.MasksBefore(Folder), RunFolder.MasksAfter(Folder)])
        {
            Directory.CreateDirectory(folder);
        }

        GrayRendering.WritePng(Path.Combine(RunFolder.Shown(Folder), ImageName + ".png"), Image, null);
        LabelImage empty = new(Image.Height, Image.Width, new int[Image.Height * Image.Width]);
        LabelFile.WriteTiff(Path.Combine(RunFolder.MasksBefore(Folder), RunFolder.MaskFile(ImageName)), empty);
        LabelFile.WriteTiff(
            Path.Combine(RunFolder.MasksAfter(Folder), RunFolder.MaskFile(ImageName)), micrograph.Labels);
        File.WriteAllBytes(RunFolder.Adapted(Folder), DefaultModel.Read());
        File.WriteAllText(RunFolder.Report(Folder), "<!DOCTYPE html><title>r</title>");
        File.WriteAllText(Path.Combine(Folder, "private.txt"), "secret");
        File.WriteAllText(Path.Combine(_parent, "outside.txt"), "secret");
        File.WriteAllText(RunFolder.Summary(Folder), new JsonObject
        {
            ["outputs"] = "flow,logit",
            ["segmentation"] = JsonSerializer.SerializeToNode(segmentation, JsonStyle.Line),
        }.ToJsonString());
        Cells = CellGeometry.Count(micrograph.Labels);
        Run = ViewerRun.Open(Folder, runtime is null ? WebRuntime.Missing : null);
        Server = new LocalServer(new ViewerSite(Run, runtime), port: 0);
        _serving = Server.RunAsync(_end.Token);
    }

    public string Folder { get; }

    public Image Image { get; }

    public int Cells { get; }

    public ViewerRun Run { get; }

    public LocalServer Server { get; }

    public void Dispose()
    {
        _end.Cancel();
        _serving.Wait();
        Server.Dispose();
        _end.Dispose();
        Directory.Delete(_parent, recursive: true);
    }
}
