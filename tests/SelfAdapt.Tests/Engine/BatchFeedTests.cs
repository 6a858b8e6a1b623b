using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Gpu;
using SelfAdapt.Tests.Gpu;

namespace SelfAdapt.Tests.Engine;

/// <summary>Batches that come while others are read: none is read before it is whole, none is written over.</summary>
[TestClass]
internal sealed class BatchFeedTests
{
    private const int Length = 12;
    private const int Batches = 5;

    [TestMethod]
    public void Take_OnTheCpu_GivesEveryBatch()
    {
        using CpuBackend backend = new(1);
        CollectionAssert.AreEqual(Sent(), Received(backend));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Take_UploadsEarlyOrLate_GivesEveryBatch(bool uploadsEarly)
    {
        LazyDevice device = new(new SimulatedDevice(), uploadsEarly);
        using GpuBackend backend = new(device);
        CollectionAssert.AreEqual(Sent(), Received(backend));
        Assert.AreEqual(uploadsEarly ? Batches : 0, device.EarlyUploads, "the two orders differ");
    }

    [TestMethod]
    public void Take_UploadsThatDoNotWait_WriteOverWhatIsInUse()
    {
        using GpuBackend backend = new(
            new LazyDevice(new SimulatedDevice(), uploadsEarly: true) { UploadsWithoutWaiting = true });
        CollectionAssert.AreNotEqual(Sent(), Received(backend));
    }

    [TestMethod]
    public void Take_ReadsThatDoNotWait_ReadWhatHasNotCome()
    {
        using GpuBackend backend = new(
            new LazyDevice(new SimulatedDevice(), uploadsEarly: false) { ReadsWithoutWaiting = true });
        CollectionAssert.AreNotEqual(Sent(), Received(backend));
    }

    [TestMethod]
    public void SendTake_OutOfTurn_Throws()
    {
        using CpuBackend backend = new(1);
        using BatchFeed feed = new(backend, Length);
        Assert.ThrowsExactly<InvalidOperationException>(feed.Take);
        feed.Send(Batch(0));
        Assert.ThrowsExactly<InvalidOperationException>(() => feed.Send(Batch(1)));
        feed.Take();
        feed.Send(Batch(1));
    }

    /// <summary>Sends batches as fast as it goes, each while the one before is in use, and copies each on the device.</summary>
    private static float[] Received(Backend backend)
    {
        using BatchFeed feed = new(backend, Length);
        using DeviceVector all = backend.CreateVector(Batches * Length);
        feed.Send(Batch(0));
        for (int i = 0; i < Batches; i++)
        {
            DeviceVector batch = feed.Take();
            if (i + 1 < Batches)
            {
                feed.Send(Batch(i + 1));
            }

            backend.Steps.Copy(batch.Whole, all.Slice(i * Length, Length));
        }

        float[] received = new float[all.Length];
        all.Download(received);
        return received;
    }

    private static float[] Sent() => [.. Enumerable.Range(0, Batches).SelectMany(Batch)];

    private static float[] Batch(int index) => OperationCase.Noise(Length, (ulong)index + 1);
}
