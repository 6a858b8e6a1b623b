using System.Text;
using SelfAdapt.Files;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;

namespace SelfAdapt.Tests.ShallowToDeep;

[TestClass]
internal sealed class RandomForestTests
{
    private const int Side = 120;

    [TestMethod]
    public void Forest_TellsBlobsFromGround()
    {
        (FeatureImage image, bool[] truth) = Blobs(1);
        RandomForest forest = RandomForest.Train(FeatureSet.Fast, Pixels(image, truth, 40), new(), 0);
        (FeatureImage other, bool[] known) = Blobs(2);
        float[] map = forest.Predict(other, 0);
        int right = map.Where((p, i) => p > 0.5f == known[i]).Count();
        Assert.IsGreaterThan(0.9 * map.Length, right);
    }

    [TestMethod]
    public void Probabilities_AreThoseOfTheClasses()
    {
        // A pixel is an object as often as its one feature says.
        const int count = 20_000;
        SelfAdapt.Engine.RandomStream random = new(11);
        float[] values = [.. Enumerable.Range(0, count).Select(_ => (float)random.NextUniform())];
        bool[] truth = [.. values.Select(v => random.NextBool(v))];
        BinnedPixels binned = new(new(values, truth), 1);
        Tree[] trees = [.. Enumerable.Range(0, 40).Select(i =>
            new TreeGrower(binned, new() { LeafSize = 200 }).Grow(random.Substream($"{i}")))];
        for (float v = 0.1f; v < 1; v += 0.2f)
        {
            Assert.AreEqual(v, trees.Average(t => Ask(t, _ => v)), 0.06, $"at {v}");
        }
    }

    [TestMethod]
    public void Forest_IsTheSameOnAnyNumberOfThreads_AndAfterItsFile()
    {
        (FeatureImage image, bool[] truth) = Blobs(3);
        TrainingPixels pixels = Pixels(image, truth, 7);
        RandomForest one = RandomForest.Train(FeatureSet.Fast, pixels, new() { Trees = 12, Seed = 5 }, 1);
        RandomForest three = RandomForest.Train(FeatureSet.Fast, pixels, new() { Trees = 12, Seed = 5 }, 3);
        float[] expected = one.Predict(image, 1);
        CollectionAssert.AreEqual(expected, three.Predict(image, 3));

        RandomForest other = RandomForest.Train(FeatureSet.Fast, pixels, new() { Trees = 12, Seed = 6 }, 3);
        CollectionAssert.AreNotEqual(expected, other.Predict(image, 3));

        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "a.forest");
        ForestFile.Write(path, one);
        RandomForest read = ForestFile.Read(path);
        Assert.AreEqual(one.Features, read.Features);
        CollectionAssert.AreEqual(expected, read.Predict(image, 2));
    }

    [TestMethod]
    public void Tree_LearnsWhatOneThresholdTells()
    {
        // Column 1 of three decides; the others are noise.
        const int count = 500;
        SelfAdapt.Engine.RandomStream random = new(9);
        float[] values = [.. Enumerable.Range(0, 3 * count).Select(_ => (float)random.NextUniform())];
        bool[] truth = [.. Enumerable.Range(0, count).Select(i => values[count + i] > 0.6f)];
        BinnedPixels binned = new(new(values, truth), 1);
        Tree tree = new TreeGrower(binned, new()).Grow(new(4));
        int right = Enumerable.Range(0, count).Count(i => Ask(tree, c => values[(c * count) + i]) > 0.5f == truth[i]);
        Assert.IsGreaterThan((int)(0.98 * count), right);
        Assert.IsTrue(new TreeGrower(binned, new() { LeafSize = 200 }).Grow(new(4)).Nodes.Length <= 5);
    }

    [TestMethod]
    public void DamagedFile_IsRefused_NotRun()
    {
        (FeatureImage image, bool[] truth) = Blobs(3);
        RandomForest forest = RandomForest.Train(FeatureSet.Fast, Pixels(image, truth, 60), new() { Trees = 2 }, 1);
        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "a.forest");
        ForestFile.Write(path, forest);
        byte[] good = File.ReadAllBytes(path);
        int nodes = Encoding.ASCII.GetString(good).IndexOf('\n', 20) + 1 + 8;

        // A link back to the root, a probability of 2 at the end, half a file, other features, no forest.
        byte[] loop = [.. good];
        loop.AsSpan(nodes + 4, 4).Clear();
        byte[] probability = [.. good];
        BitConverter.GetBytes(2f).CopyTo(probability, good.Length - 4);
        byte[] other = Encoding.ASCII.GetBytes(Encoding.Latin1.GetString(good).Replace("\nv1 ", "\nv9 ", StringComparison.Ordinal));
        foreach (byte[] bad in new[] { loop, probability, good[..^5], [.. good, 0], other, "P5 1 1 255 "u8.ToArray(), [] })
        {
            SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => ForestFile.Read(new FileBytes("x", bad)));
            Assert.AreEqual(ErrorKind.UnreadableInput, e.Kind);
        }

        StringAssert.Contains(
            Assert.ThrowsExactly<SelfAdaptException>(() => ForestFile.Read(new FileBytes("x", other))).Message, "other features");
    }

    private static float Ask(Tree tree, Func<int, float> feature)
    {
        int at = 0;
        while (tree.Nodes[at] is var node && node != TreeNode.Leaf(at))
        {
            at = node.Left + (feature(node.Feature) > node.Threshold ? 1 : 0);
        }

        return tree.Probability[at];
    }

    /// <summary>Every n-th pixel with its class.</summary>
    private static TrainingPixels Pixels(FeatureImage image, bool[] truth, int step)
    {
        int[] places = [.. Enumerable.Range(0, truth.Length).Where(i => i % step == 0)];
        return PixelReader.Read(image, FeatureSet.Fast, places, [.. places.Select(p => truth[p])], 1);
    }

    private static (FeatureImage Image, bool[] Truth) Blobs(ulong seed)
    {
        SelfAdapt.ShallowToDeep.Enhancer.SourceImage made = NoisyDiscs.Make(seed, Side);
        return (made.Image, made.Object);
    }
}
