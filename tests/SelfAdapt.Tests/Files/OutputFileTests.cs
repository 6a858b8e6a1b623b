using SelfAdapt.Adaptation;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Streaming;

namespace SelfAdapt.Tests.Files;

/// <summary>Whole files and growing ones: on disks that fail, beside what killed programs left, and where links lie.</summary>
[TestClass]
internal sealed class OutputFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-output-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow(DiskFault.Once)]
    [DataRow(DiskFault.Half)]
    [DataRow(DiskFault.Full)]
    public void WriteDurably_AnyOperationFails_LeavesTheFileBefore(object fault)
    {
        string path = At("a.bin");
        OutputFile.Write(path, new byte[] { 1 });
        int failing = 0;
        for (bool failed = true; failed; failing++)
        {
            using (FaultyDisk disk = new(failing, (DiskFault)fault))
            {
                failed = Fails(() => OutputFile.WriteDurably(path, Content));
            }

            CollectionAssert.AreEqual(failed ? [1] : new byte[] { 2, 3, 4, 5 }, File.ReadAllBytes(path));
            Assert.HasCount(1, Directory.GetFiles(_folder));
            OutputFile.Write(path, new byte[] { 1 });
        }

        // Opening, two writes, flushing; a full disk can still rename.
        Assert.IsGreaterThan(3, failing);

        static void Content(Stream stream)
        {
            stream.Write([2, 3]);
            stream.Write([4, 5]);
        }
    }

    [TestMethod]
    public void WriteDurably_Content_IsFlushedThenPlacedThenTheFolderIsFlushed()
    {
        using FaultyDisk disk = new(int.MaxValue, DiskFault.Once);
        OutputFile.WriteDurably(At("a"), new byte[] { 1 });

        // Opening, writing, flushing, renaming.
        Assert.AreEqual(4, disk.Operations);
        Assert.IsTrue(disk.FolderFlushed);
        OutputFile.Write(At("a"), new byte[] { 1 });
        Assert.AreEqual(7, disk.Operations);
        Assert.IsFalse(disk.FolderFlushed);
    }

    [TestMethod]
    public void TryFlushFolder_AnyFolder_WorksWhereTheSystemCan()
    {
        Assert.AreEqual(!OperatingSystem.IsWindows(), Disk.TryFlushFolder(_folder));
        Assert.AreEqual(!OperatingSystem.IsWindows(), Disk.TryFlushFolder(""));
        Assert.IsFalse(Disk.TryFlushFolder(At("absent")));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("a\0b")]
    [DataRow("absent/a")]
    public void Write_NoSuchPlace_OutputNotWritable(string name)
    {
        Assert.IsTrue(Fails(() => OutputFile.Write(name.Length == 0 ? name : At(name), new byte[] { 1 })));
        Assert.IsEmpty(Directory.GetFileSystemEntries(_folder));
    }

    [TestMethod]
    public void RemoveLeftovers_FilesOfKilledPrograms_GoUnlessInUse()
    {
        Directory.CreateDirectory(At("below", "deeper"));
        string[] dead = [At(".selfadapt-1.partial"), At("below", ".selfadapt-2.partial")];
        string[] kept = [At("mine.partial"), At(".selfadapt-4.txt"), At("below", "deeper", ".selfadapt-5.partial")];
        foreach (string file in dead.Concat(kept))
        {
            File.WriteAllText(file, "x");
        }

        using (Stream used = Disk.Real.Create(At(".selfadapt-3.partial")))
        {
            OutputFile.RemoveLeftovers(_folder, depth: 1);
        }

        CollectionAssert.AreEqual(
            kept.Append(At(".selfadapt-3.partial")).Order().ToArray(),
            Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Order().ToArray());
    }

    [TestMethod]
    public void Append_LastLineCutOff_StaysALineOfItsOwn()
    {
        File.WriteAllText(At("a.jsonl"), "{\"whole\":1}\n{\"cut");
        using (LineFile lines = LineFile.Append(At("a.jsonl")))
        {
            lines.Write("{\"next\":2}");
        }

        CollectionAssert.AreEqual(
            new[] { "{\"whole\":1}", "{\"cut", "{\"next\":2}" }, File.ReadAllLines(At("a.jsonl")));
    }

    [TestMethod]
    public void WriteAndGrow_LinkInTheFilesPlace_IsReplacedNotFollowed()
    {
        string outside = Directory.CreateTempSubdirectory("selfadapt-outside-").FullName;
        try
        {
            string precious = Path.Combine(outside, "precious");
            File.WriteAllText(precious, "precious");
            foreach (string name in (string[])["whole", "lines", "log", "masks", "appended"])
            {
                File.CreateSymbolicLink(At(name), precious);
            }

            OutputFile.Write(At("whole"), new byte[] { 1 });
            LineFile.Create(At("lines")).Dispose();
            LineFile.Append(At("appended")).Dispose();
            RunLog.Create(At("log")).Dispose();
            UnfinishedMasks.Open(At("masks"), "", 1, 1, _ => { }, out _).Dispose();

            Assert.AreEqual("precious", File.ReadAllText(precious));
            Assert.HasCount(1, Directory.GetFiles(outside));
            foreach (string file in Directory.GetFiles(_folder))
            {
                Assert.IsNull(new FileInfo(file).LinkTarget, file);
            }
        }
        finally
        {
            Directory.Delete(outside, recursive: true);
        }
    }

    [TestMethod]
    public void UnfinishedMasks_AnyOperationFails_WhatWasMarkedIsThere()
    {
        int failing = 0;
        for (bool failed = true; failed; failing++)
        {
            string path = At($"masks{failing}");
            int marked = 0;
            using (FaultyDisk disk = new(failing, failing % 2 == 0 ? DiskFault.Half : DiskFault.Once))
            {
                try
                {
                    using UnfinishedMasks masks = UnfinishedMasks.Open(path, "x", 8, 4, _ => { }, out _);
                    for (int row = 0; row < 4; row++)
                    {
                        masks.Add([row, row, row, row]);
                        masks.Mark(new MaskProgress(row + 1, row + 2, row, [9, 9, 9, 9]));
                        marked = row + 1;
                    }

                    failed = false;
                }
                catch (IOException)
                {
                    // Reported as an error of the image's masks, whose file it lies beside.
                }
            }

            int rows = 0;
            using UnfinishedMasks again = UnfinishedMasks.Open(
                path, "x", 8, 4, labels => rows += labels.Length / 4, out MaskProgress? progress);
            Assert.AreEqual(rows, progress?.Top ?? 0, $"operation {failing}");
            Assert.IsTrue(rows == marked || rows == marked + 1, $"operation {failing}: {rows} rows, {marked} marked");
        }

        Assert.IsGreaterThan(10, failing);
    }

    private static bool Fails(Action write)
    {
        try
        {
            write();
            return false;
        }
        catch (SelfAdaptException e)
        {
            Assert.AreEqual(ErrorKind.OutputNotWritable, e.Kind);
            StringAssert.Contains(e.Message, "not full?", StringComparison.Ordinal);
            return true;
        }
    }

    private string At(params string[] parts) => Path.Combine([_folder, .. parts]);
}
