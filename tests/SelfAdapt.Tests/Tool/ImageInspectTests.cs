using System.Text.Json.Nodes;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Fuzz;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

[TestClass]
internal sealed class ImageInspectTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Inspect_Tiff_TellsHowItsPlanesWereUnderstood()
    {
        TiffBuilder tiff = new();
        for (int page = 0; page < 6; page++)
        {
            tiff.Page(
                3, 2, [new byte[6]], (TiffTag.GdalNoData, "-9999"),
                (TiffTag.ImageDescription, page == 0 ? "ImageJ=1.53t\nimages=6\nchannels=2\nframes=3\n" : null));
        }

        File.WriteAllBytes(_at.At("a.tif"), tiff.ToArray(lastLink: 5));

        ToolResult result = ToolRun.Expect(
            ExitCode.Ok, "", "inspect", _at.At("a.tif"), "--json", _at.At("a.json"));
        JsonObject json = ToolRun.Json(_at.At("a.json"));

        Assert.Contains("T 3, Z 1, C 2, positions 1", result.Out);
        Assert.AreEqual(
            (3, 2, 3, 2), ((int)json["images"]!, (int)json["channels"]!, (int)json["width"]!, (int)json["height"]!));
        Assert.AreEqual(("UInt8", -9999.0), ((string)json["type"]!, (double)json["no_data"]!));
        Assert.HasCount(1, json["notes"]!.AsArray());
    }

    [TestMethod]
    public void Inspect_OtherPictures_TellsTheirSize()
    {
        File.WriteAllBytes(_at.At("a.png"), SeedFiles.Png(2, 8, 9));

        Assert.Contains(
            "3 channels of 9 x 9 px", ToolRun.Expect(ExitCode.Ok, "", "inspect", _at.At("a.png")).Out);
    }

    [TestMethod]
    public void Inspect_MicroscopesOwnFormat_NamesTheConverter()
    {
        File.WriteAllBytes(_at.At("a.vsi"), SeedFiles.TiffOf(false, 2, 2, 1, [1, 2, 3, 4]));

        ToolRun.Expect(ExitCode.NoUsableInput, "bfconvert", "inspect", _at.At("a.vsi"));
    }
}
