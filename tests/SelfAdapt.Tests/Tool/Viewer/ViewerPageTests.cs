using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tests.Tool.Viewer;

/// <summary>The viewer's page in a real browser, end to end.</summary>
[TestClass]
internal sealed class ViewerPageTests
{
    private static readonly SegmentationOptions Scaled = new() { Diameter = 22, DiamMean = 17 };

    private static Browser? _browser;

    public TestContext TestContext { get; set; } = null!;

    [ClassCleanup]
    public static void CloseBrowser() => _browser?.Dispose();

    [TestMethod]
    public async Task Page_Run_ShowsImageAndCells()
    {
        Browser browser = await OpenBrowser();
        using ViewedRun run = new(Scaled, runtime: null);
        await browser.OpenAsync(run.Server.Address);
        await browser.WaitForAsync("document.querySelectorAll('#cells tbody tr').length > 0", 30);

        Assert.AreEqual(ViewedRun.ImageName, (string)(await browser.EvaluateAsync(
            "document.querySelector('#images b').textContent"))!);
        Assert.AreEqual(run.Cells, (int)(await browser.EvaluateAsync(
            "document.querySelectorAll('#cells td.gained').length"))!);
        StringAssert.Contains(
            (string)(await browser.EvaluateAsync("document.getElementById('live').textContent"))!, "onnxruntime-web",
            StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("simulated", 22, false)]
    [DataRow("simulated", 22, true)]
    [DataRow("fluo/003cee89357d9fe1_img.png", 10, false)]
    [DataRow("other/00ae65c1c6631ae6_img.png", 17, false)]
    public async Task Page_ImageDropped_SameMasksAsSegment(string image, int diameter, bool augment)
    {
        string? runtime = WebRuntime.Find();
        if (runtime is null)
        {
            Assert.Inconclusive("not run: " + WebRuntime.Missing);
        }

        string? real = image == "simulated" ? null : SharedData.Path("data", "dsb2018", image);
        Browser browser = await OpenBrowser();
        using ViewedRun run = new(Scaled with { Diameter = diameter, Augment = augment }, runtime);
        string path = Path.Combine(run.Folder, "dropped.tif");
        ImageFile.WriteTiff(path, real is null ? run.Image : Part(ImageFile.Read(real)));

        LabelImage expected = Segment(run, path, diameter, augment);
        await browser.OpenAsync(run.Server.Address);
        await browser.WaitForAsync("document.querySelectorAll('#cells tbody tr').length > 0", 30);
        await browser.EvaluateAsync($$"""
            (() => {
              const text = atob('{{Convert.ToBase64String(File.ReadAllBytes(path))}}');
              const bytes = Uint8Array.from(text, c => c.charCodeAt(0));
              const transfer = new DataTransfer();
              transfer.items.add(new File([bytes], 'dropped'));
              dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
            })()
            """);
        await browser.WaitForAsync("['done', 'failed'].includes(document.body.dataset.live)", 120);
        string status = (string)(await browser.EvaluateAsync("document.getElementById('status').textContent"))!;
        Assert.AreEqual("done", (string)(await browser.EvaluateAsync("document.body.dataset.live"))!, status);
        string base64 = (string)(await browser.EvaluateAsync("""
            import('/page/app.js').then(({ studio }) => new Promise(resolve => {
              const reader = new FileReader();
              reader.onload = () => resolve(reader.result.split(',')[1]);
              reader.readAsDataURL(new Blob([studio.right.labels]));
            }))
            """))!;
        int[] labels = MemoryMarshal.Cast<byte, int>(Convert.FromBase64String(base64)).ToArray();
        LabelImage found = new(expected.Height, expected.Width, labels);

        double precision = InstanceMatching.Match(expected, found, 0.9).AveragePrecision;
        int different = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            different += labels[i] == expected.Labels[i] ? 0 : 1;
        }

        TestContext.WriteLine(
            $"{image}, diameter {diameter}: {CellGeometry.Count(expected)} cells, AP at IoU 0.9 {precision:0.0000}, {different} of "
            + $"{labels.Length} pixels differ; {status}");
        Assert.IsGreaterThan(2, CellGeometry.Count(expected));
        Assert.IsGreaterThanOrEqualTo(0.99, precision);
    }

    /// <summary>One browser serves all tests: each opens an address of its own.</summary>
    private static async Task<Browser> OpenBrowser() => _browser ??= await Browser.StartAsync();

    /// <summary>A corner that at scale 1.7 takes two tiles in each direction.</summary>
    private static Image Part(Image image)
    {
        const int Height = 150;
        const int Width = 172;
        float[] pixels = new float[image.Channels * Height * Width];
        for (int c = 0; c < image.Channels; c++)
        {
            for (int y = 0; y < Height; y++)
            {
                image.Plane(c).Slice(y * image.Width, Width).CopyTo(pixels.AsSpan(((c * Height) + y) * Width));
            }
        }

        return new Image(image.Channels, Height, Width, pixels);
    }

    private static LabelImage Segment(ViewedRun run, string path, int diameter, bool augment)
    {
        string results = Path.Combine(run.Folder, "results");
        string[] words =
        [
            "segment", "--model", RunFolder.Adapted(run.Folder), "--images", path, "--out", results, "--diameter",
            diameter.ToString(CultureInfo.InvariantCulture), "--diam-mean", "17",
            .. augment ? ["--augment"] : (string[])[],
        ];
        ToolResult result = ToolRun.Run(words);
        Assert.AreEqual(ExitCode.Ok, result.Code, result.Error);
        return LabelFile.Read(Path.Combine(results, "dropped_cp_masks.tif"));
    }
}
