using PureHDF;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Fuzz;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>segment and inspect on OME-Zarr, HDF5 and pyramids: the masks of the same pixels in a TIFF file.</summary>
[TestClass]
internal sealed class ArrayStoreTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Segment_StoresAsFiles_GiveTheMasksOfTheTiff()
    {
        Image image = ImageFile.Read(Path.Combine(_at.Images(1), "i0_img.tif"));
        byte[] pixels = [.. image.Pixels.Select(p => (byte)p)];
        string folder = _at.At("stores");
        Store(Path.Combine(folder, "store.zarr"), pixels);
        H5File hdf = new() { ["a"] = new H5Dataset(pixels, fileDims: [48, 48]), ["b"] = new H5Dataset(pixels[..96], fileDims: [2, 48]) };
        hdf.Write(_at.At("file.h5"));
        File.WriteAllBytes(Path.Combine(folder, "levels.tif"), Levels(pixels));

        byte[] expected = Masks("images", _at.At("images"), "i0_img");
        CollectionAssert.AreEqual(expected, Masks("folder", folder, "store"));
        CollectionAssert.AreEqual(expected, Masks("single", Path.Combine(folder, "store.zarr"), "store"));
        CollectionAssert.AreEqual(expected, Masks("hdf", _at.At("file.h5:/a"), "file_a"));
        CollectionAssert.AreEqual(expected, Masks("level", Path.Combine(folder, "levels.tif"), "levels", "--level", "1"));

        // A second run finds the results; another level does not.
        StringAssert.Contains(
            Segment("single", Path.Combine(folder, "store.zarr")).Error, "1 of 1 files were finished already", StringComparison.Ordinal);
        ToolRun.Expect(
            ExitCode.NoUsableInput, "it has no level 1", Words("single", Path.Combine(folder, "store.zarr"), "--level", "1", "--force"));
        StringAssert.Contains(
            ToolRun.Run("inspect", Path.Combine(folder, "levels.tif")).Out, "levels     0 to 1", StringComparison.Ordinal);
        StringAssert.Contains(ToolRun.Run("inspect", Path.Combine(folder, "store.zarr")).Out, "OME-Zarr", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Segment_MasksAsOmeZarr_AreThoseOfTheTiff()
    {
        string images = _at.Images(2);
        Assert.AreEqual(ExitCode.Ok, Segment("both", images, "--format", "omezarr,tif").Code);
        foreach (string stem in (string[])["i0_img", "i1_img"])
        {
            LabelImage masks = LabelFile.Read(_at.At("out-both", stem + "_cp_masks.tif"));
            Image stored = ImageFile.ReadAll(_at.At("out-both", stem + "_cp_masks.zarr", "labels", "cells")).Single().Image;
            Assert.IsGreaterThan(0, masks.Labels.Max());
            CollectionAssert.AreEqual(Array.ConvertAll(masks.Labels, l => (float)l), stored.Pixels);
        }

        // They are known again, file by file; what is damaged is done again.
        StringAssert.Contains(
            Segment("both", images, "--format", "omezarr,tif").Error, "2 of 2 files were finished", StringComparison.Ordinal);
        File.AppendAllText(_at.At("out-both", "i0_img_cp_masks.zarr", "labels", "cells", "0", "0", "0"), "x");
        ToolRun.Expect(ExitCode.OutputExists, "is there already", Words("both", images, "--format", "omezarr,tif"));
        StringAssert.Contains(
            Segment("both", images, "--format", "omezarr,tif", "--force").Out, "i0_img: ", StringComparison.Ordinal);
    }

    private static void Store(string path, byte[] pixels)
    {
        Directory.CreateDirectory(Path.Combine(path, "0"));
        File.WriteAllText(Path.Combine(path, ".zgroup"), """{"zarr_format":2}""");
        File.WriteAllText(
            Path.Combine(path, ".zattrs"),
            """{"multiscales":[{"version":"0.4","axes":[{"name":"y"},{"name":"x"}],"datasets":[{"path":"0"}]}]}""");
        File.WriteAllText(Path.Combine(path, "0", ".zarray"), """
            {"zarr_format":2,"shape":[48,48],"chunks":[16,48],"dtype":"|u1","compressor":{"id":"zlib"},"fill_value":0,"order":"C",
            "filters":null}
            """);
        for (int row = 0; row < 3; row++)
        {
            File.WriteAllBytes(Path.Combine(path, "0", $"{row}.0"), Inflater.Deflate(pixels.AsSpan(row * 16 * 48, 16 * 48)));
        }
    }

    private static byte[] Levels(byte[] pixels) => new TiffBuilder().Page(96, 96, [new byte[96 * 96]])
        .Page(48, 48, [pixels], (TiffTag.SubfileType, 1)).ToArray();

    private byte[] Masks(string name, string images, string stem, params string[] more)
    {
        ToolResult result = Segment(name, images, more);
        Assert.IsTrue(result.Code is ExitCode.Ok or ExitCode.Partly, result.Error);
        return File.ReadAllBytes(_at.At("out-" + name, stem + "_cp_masks.tif"));
    }

    private ToolResult Segment(string name, string images, params string[] more) => ToolRun.Run(Words(name, images, more));

    private string[] Words(string name, string images, params string[] more) =>
    [
        "segment", "--model", _at.Onnx(), "--images", images, "--out", _at.At("out-" + name), "--diameter", "13",
        "--flow-threshold", "0", "--cellprob-threshold", "-100", "--min-size", "1", "--engine", "builtin", .. more,
    ];
}
