using SelfAdapt.Files;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Studio;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>The project on the disk, what is kept in memory, and what goes to the page.</summary>
[TestClass]
internal sealed class StudioProjectTests : IDisposable
{
    private readonly string _images = Directory.CreateTempSubdirectory("selfadapt-project-").FullName;

    public void Dispose() => Directory.Delete(_images, recursive: true);

    [TestMethod]
    public void Open_Again_FindsWhatWasChanged()
    {
        StudioProject project = StudioProject.Open(_images, null);
        StudioJob job = new("adapt-1", JobKind.Adapt, new StudioSetup { Diameter = 12.5 }) { Words = ["adapt"], Process = 4 };
        project.Update(s => s with
        {
            Setup = new StudioSetup { Diameter = 12.5, FirstChannel = 2, Invert = true, Model = "m.onnx" },
            Jobs = [job],
            Accepted = new AcceptedModel("adapt-1", 20, "x.onnx"),
        });
        ProjectState found = StudioProject.Open(_images + Path.DirectorySeparatorChar, null).State;
        Assert.AreEqual(project.State.Setup, found.Setup);
        Assert.AreEqual(project.State.Accepted, found.Accepted);
        Assert.AreEqual(job.Setup, found.Jobs.Single().Setup);
        CollectionAssert.AreEqual(job.Words, found.Jobs.Single().Words);
    }

    [TestMethod]
    public void Open_InAnotherStudio_Refused_UntilThatEnds()
    {
        using (StudioSession.Open(_images, null))
        {
            StringAssert.Contains(Fault(() => StudioSession.Open(_images, null)).Message, "another studio", StringComparison.Ordinal);
        }

        StudioSession.Open(_images, null).Dispose();
    }

    [TestMethod]
    public void Open_FolderOfSomethingElse_IsLeftAlone()
    {
        string other = Path.Combine(_images, "selfadapt-studio");
        Directory.CreateDirectory(other);
        File.WriteAllText(Path.Combine(other, "thesis.txt"), "mine");
        Assert.AreEqual(ErrorKind.OutputExists, Fault(() => StudioProject.Open(_images, null)).Kind);
        CollectionAssert.AreEqual((string[])["thesis.txt"], Directory.GetFiles(other).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void Open_ProjectOfOtherImages_Refused()
    {
        string project = Path.Combine(_images, "p");
        string others = Path.Combine(_images, "others");
        Directory.CreateDirectory(others);
        StudioProject.Open(_images, project);
        Assert.AreEqual(ErrorKind.OutputExists, Fault(() => StudioProject.Open(others, project)).Kind);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("{")]
    [DataRow("null")]
    [DataRow("{\"format\": 2, \"images\": \"x\"}")]
    [DataRow("{\"format\": 1}")]
    [DataRow("{\"format\": 1, \"images\": \"x\", \"jobs\": [null]}")]
    public void Open_DamagedProject_SaysSo(string content)
    {
        StudioProject.Open(_images, null);
        File.WriteAllText(Path.Combine(_images, "selfadapt-studio", "project.json"), content);
        Assert.AreEqual(ErrorKind.UnreadableInput, Fault(() => StudioProject.Open(_images, null)).Kind);
    }

    [TestMethod]
    public void Open_NoFolder_SaysSo() =>
        Assert.AreEqual(ErrorKind.UnreadableInput, Fault(() => StudioProject.Open(Path.Combine(_images, "absent"), null)).Kind);

    [TestMethod]
    [DataRow(JobKind.Adapt, true, false, JobPhase.Done)]
    [DataRow(JobKind.Adapt, true, true, JobPhase.Stopped)]
    [DataRow(JobKind.Adapt, false, true, JobPhase.Paused)]
    [DataRow(JobKind.Adapt, false, false, JobPhase.Failed)]
    [DataRow(JobKind.Train, true, true, JobPhase.Stopped)]
    [DataRow(JobKind.Train, false, true, JobPhase.Paused)]
    public void Phase_OfARunThatIsNotRunning_IsReadFromItsFolder(JobKind kind, bool summary, bool state, JobPhase expected)
    {
        StudioProject project = StudioProject.Open(_images, null);
        StudioJob job = new("job-1", kind, new StudioSetup()) { Words = [] };
        string folder = project.JobFolder(job.Name);
        Directory.CreateDirectory(folder);
        File.WriteAllText(RunFolder.Config(folder), "{}");
        foreach (string file in (string[])[.. summary ? [RunFolder.Summary(folder)] : (string[])[], .. state ? [RunFolder.State(folder)] : (string[])[]])
        {
            File.WriteAllText(file, "");
        }

        Assert.AreEqual(expected, JobStatus.PhaseOf(project, job));
    }

    [TestMethod]
    public void Running_ANumberThatAnotherProcessHasNow_IsNot()
    {
        using System.Diagnostics.Process own = System.Diagnostics.Process.GetCurrentProcess();
        StudioJob job = new("adapt-1", JobKind.Adapt, new StudioSetup()) { Words = [], Process = own.Id };
        Assert.IsTrue(JobStatus.IsRunning(job with { ProcessBegan = own.StartTime.ToUniversalTime().Ticks }));
        Assert.IsFalse(JobStatus.IsRunning(job with { ProcessBegan = own.StartTime.ToUniversalTime().AddMinutes(-5).Ticks }));
    }

    [TestMethod]
    public void Cache_KeepsTheLastUsed_WithinItsBytes()
    {
        BoundedCache<int, string> cache = new(10);
        int made = 0;
        string Make(int key) => cache.Get(key, () => { made++; return new string('x', 4); }, s => s.Length);
        Make(1);
        Make(2);
        Make(1);
        Make(3);
        Assert.AreEqual(8, cache.Bytes);
        Make(1);
        Assert.AreEqual(3, made, "1 was used last and stays");
        Make(2);
        Assert.AreEqual(4, made, "2 had to go");
    }

    [TestMethod]
    [DataRow(new float[] { 0, 7, 255, 12 }, 1)]
    [DataRow(new float[] { 0, 7, 256, 65535 }, 2)]
    [DataRow(new float[] { -1.5f, 0.25f, 3, 1000 }, 2)]
    public void Pixels_Packed_GiveTheirValuesBack(float[] pixels, int bytes)
    {
        byte[] packed = PixelPacking.Pack(new Image(1, 2, 2, pixels));
        Assert.AreEqual(bytes, BitConverter.ToInt32(packed, 12));
        (float scale, float offset) = (BitConverter.ToSingle(packed, 24), BitConverter.ToSingle(packed, 28));
        float range = pixels.Max() - pixels.Min();
        for (int i = 0; i < pixels.Length; i++)
        {
            float sample = bytes == 1 ? packed[32 + i] : BitConverter.ToUInt16(packed, 32 + (2 * i));
            Assert.AreEqual(pixels[i], offset + (scale * sample), scale == 1 ? 0 : range / 65_000, $"pixel {i}");
        }
    }

    [TestMethod]
    public void Shrink_IsTheMeanOfSquares()
    {
        Image small = PixelPacking.Shrink(new Image(1, 3, 4, [1, 3, 10, 10, 5, 7, 30, 30, 0, 0, 0, 0]), 2);
        Assert.AreEqual((1, 2), (small.Height, small.Width));
        CollectionAssert.AreEqual((float[])[4, 20], small.Pixels);
    }

    [TestMethod]
    public void Snapshots_NobodyKept_CanBeCleared()
    {
        StudioProject project = StudioProject.Open(_images, null);
        StudioJob job = new("adapt-1", JobKind.Adapt, new StudioSetup()) { Words = [] };
        project.Update(s => s with { Jobs = [job], Accepted = new AcceptedModel("adapt-1", 30, "x.onnx") });
        StudioModels models = new(project);
        StudioJobs jobs = new(project, models);
        Directory.CreateDirectory(Path.GetDirectoryName(RunFolder.Snapshot(project.JobFolder(job.Name), 0))!);
        foreach (int step in (int[])[0, 10, 20, 30, 40])
        {
            File.WriteAllText(RunFolder.Snapshot(project.JobFolder(job.Name), step), "weights");
        }

        Assert.IsEmpty(models.SpareSnapshots(job), "a run that is not over has kept none yet");
        File.WriteAllText(RunFolder.Summary(project.JobFolder(job.Name)), "{\"kept_iteration\": 10}");
        Assert.AreEqual(14, models.SpareSnapshots(job).Sum(f => f.Length));
        jobs.ClearSnapshots(job);
        CollectionAssert.AreEqual((int[])[0, 10, 30], models.StepsOf(job).ToArray());
    }

    [TestMethod]
    [DataRow("ImageJ=1.11a\nimages=6\nslices=2\nframes=3\nhyperstack=true\n", "1 4 4 6 2 3 0")]
    [DataRow("{\"shape\": [2, 3, 4, 4], \"axes\": \"ZTYX\"}", "1 4 4 6 2 3 1")]
    [DataRow("{\"shape\": [3, 2, 4, 4], \"axes\": \"TZYX\"}", "1 4 4 6 2 3 0")]
    [DataRow("{\"shape\": [6, 4, 4], \"axes\": \"QYX\"}", "1 4 4 6")]
    public void Stack_TellsThePageItsDepthAndTime(string description, string expected)
    {
        byte[] pixels = [.. Enumerable.Range(0, 6 * 16).Select(i => (byte)(i * 7))];
        File.WriteAllBytes(
            Path.Combine(_images, "s.tif"), TiffWriter.Encode(SampleKind.UInt8, 6, 4, 4, pixels, description));
        using StudioImages images = new(_images);
        Assert.AreEqual(expected, ImageFormat.Of(images.Read(0)).Header.Value);
    }

    private static SelfAdaptException Fault(Action act) => Assert.ThrowsExactly<SelfAdaptException>(act);
}
