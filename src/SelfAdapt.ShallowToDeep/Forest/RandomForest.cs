using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SelfAdapt.Engine;
using SelfAdapt.Segmentation;
using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.ShallowToDeep.Forest;

/// <summary>A forest, and the features that it has learnt from: the mean of its trees is a pixel's probability.</summary>
internal sealed class RandomForest(FeatureSet features, IReadOnlyList<Tree> trees)
{
    /// <summary>Pixels that one tree is walked for at a time: their features stay in the cache.</summary>
    private const int BlockPixels = 256;

    public FeatureSet Features => features;

    public IReadOnlyList<Tree> Trees => trees;

    /// <summary>The same bits on any number of threads.</summary>
    public static RandomForest Train(
        FeatureSet features, TrainingPixels pixels, ForestOptions options, int threads,
        CancellationToken cancel = default)
    {
        Settings.Check(options);
        if (pixels.Count == 0 || pixels.Columns != features.Columns || pixels.Object.Distinct().Count() < 2)
        {
            throw new ArgumentException("A forest learns from pixels of both classes, in its own features.");
        }

        BinnedPixels binned = new(pixels, threads);
        Tree[] trees = new Tree[options.Trees];
        RandomStream random = new RandomStream((ulong)options.Seed).Substream("forest");
        ParallelOptions parallel = Parallelism.Of(threads);
        parallel.CancellationToken = cancel;
        Parallel.For(0, trees.Length, parallel, () => new TreeGrower(binned, options), (i, _, grower) =>
        {
            trees[i] = grower.Grow(random.Substream($"tree {i}"));
            return grower;
        }, _ => { });
        return new(features, trees);
    }

    /// <summary>Every pixel's probability of an object, [height, width].</summary>
    /// <param name="threads">0 for all.</param>
    public float[] Predict(FeatureImage image, int threads, CancellationToken cancel = default)
    {
        float[] map = new float[image.Height * image.Width];
        image.ForEachTile(features, threads, (top, left, tile) => Predict(tile, map.AsSpan(), (top * image.Width) + left, image.Width), cancel: cancel);
        return map;
    }

    /// <summary>The probabilities of an object of pixels that are held.</summary>
    /// <param name="map">[height, width] of these.</param>
    public void Predict(FeatureRows pixels, Span<float> map)
    {
        Span<float> sums = stackalloc float[BlockPixels];
        for (int start = 0; start < map.Length; start += BlockPixels)
        {
            int count = Math.Min(BlockPixels, map.Length - start);
            Sum(pixels.Values.AsSpan(start * features.Columns), sums[..((count + FeatureRows.Group - 1) / FeatureRows.Group * FeatureRows.Group)]);
            for (int i = 0; i < count; i++)
            {
                map[start + i] = sums[i] / trees.Count;
            }
        }
    }

    private void Sum(ReadOnlySpan<float> rows, Span<float> sums)
    {
        sums.Clear();
        foreach (Tree tree in trees)
        {
            Walk(tree, rows, features.Columns, sums);
        }
    }

    /// <param name="at">Where in the map the tile's first pixel stands.</param>
    /// <param name="stride">From one row of the map to the next.</param>
    private void Predict(FeatureTile tile, Span<float> map, int at, int stride)
    {
        int columns = features.Columns;
        int pixels = tile.Height * tile.Width;
        Span<float> rows = new float[BlockPixels * columns];
        Span<float> sums = stackalloc float[BlockPixels];
        for (int start = 0; start < pixels; start += BlockPixels)
        {
            int count = Math.Min(BlockPixels, pixels - start);
            for (int c = 0; c < columns; c++)
            {
                ReadOnlySpan<float> plane = tile.Values.AsSpan((c * pixels) + start, count);
                for (int i = 0; i < count; i++)
                {
                    rows[(i * columns) + c] = plane[i];
                }
            }

            Sum(rows, sums);
            for (int i = 0; i < count; i++)
            {
                int pixel = start + i;
                map[at + (pixel / tile.Width * stride) + (pixel % tile.Width)] = sums[i] / trees.Count;
            }
        }
    }

    /// <summary>
    /// Adds a tree's probabilities. Eight pixels walk side by side, because each step waits for memory; links were
    /// checked when the tree was grown or read (<see cref="ForestFile"/>).
    /// </summary>
    private static void Walk(Tree tree, ReadOnlySpan<float> rows, int columns, Span<float> sums)
    {
        ref TreeNode nodes = ref MemoryMarshal.GetArrayDataReference(tree.Nodes);
        ref float values = ref MemoryMarshal.GetReference(rows);
        for (int i = 0; i < sums.Length; i += 8)
        {
            ref float row = ref Unsafe.Add(ref values, i * columns);
            (int a, int b, int c, int d, int e, int f, int g, int h) = (0, 0, 0, 0, 0, 0, 0, 0);
            while (true)
            {
                int before = a + b + c + d + e + f + g + h;
                a = Step(ref nodes, ref row, a);
                b = Step(ref nodes, ref Unsafe.Add(ref row, columns), b);
                c = Step(ref nodes, ref Unsafe.Add(ref row, 2 * columns), c);
                d = Step(ref nodes, ref Unsafe.Add(ref row, 3 * columns), d);
                e = Step(ref nodes, ref Unsafe.Add(ref row, 4 * columns), e);
                f = Step(ref nodes, ref Unsafe.Add(ref row, 5 * columns), f);
                g = Step(ref nodes, ref Unsafe.Add(ref row, 6 * columns), g);
                h = Step(ref nodes, ref Unsafe.Add(ref row, 7 * columns), h);

                // Children stand behind their parents: the sum grows until all are at leaves.
                if (a + b + c + d + e + f + g + h == before)
                {
                    break;
                }
            }

            float[] probability = tree.Probability;
            sums[i] += probability[a];
            sums[i + 1] += probability[b];
            sums[i + 2] += probability[c];
            sums[i + 3] += probability[d];
            sums[i + 4] += probability[e];
            sums[i + 5] += probability[f];
            sums[i + 6] += probability[g];
            sums[i + 7] += probability[h];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Step(ref TreeNode nodes, ref float row, int at)
    {
        TreeNode node = Unsafe.Add(ref nodes, at);
        bool above = Unsafe.Add(ref row, node.Feature) > node.Threshold;
        return node.Left + Unsafe.BitCast<bool, byte>(above);
    }
}
