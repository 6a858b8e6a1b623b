using SelfAdapt.Engine;

namespace SelfAdapt.ShallowToDeep.Forest;

/// <summary>
/// Grows one tree (Breiman 2001): a bootstrap sample, at every node the best Gini split among about the square root of
/// all features, drawn anew, until leaves are pure. Memory of its own, so that trees grow at the same time.
/// </summary>
internal sealed class TreeGrower(BinnedPixels pixels, ForestOptions options)
{
    private readonly int _tried = Math.Max(1, (int)Math.Sqrt(pixels.Columns));
    private readonly ushort[] _weight = new ushort[pixels.Count];
    private readonly int[] _order = new int[pixels.Columns];
    private readonly int[] _count = new int[BinnedPixels.Bins];
    private readonly int[] _objects = new int[BinnedPixels.Bins];
    private readonly List<TreeNode> _nodes = [];
    private readonly List<float> _probability = [];
    private readonly Stack<(int Node, int Start, int End)> _open = new();
    private int[] _samples = [];

    public Tree Grow(RandomStream random)
    {
        Array.Clear(_weight);

        // A tree must not depend on which trees were grown here before.
        for (int i = 0; i < _order.Length; i++)
        {
            _order[i] = i;
        }

        for (int i = 0; i < pixels.Count; i++)
        {
            _weight[random.NextIndex(pixels.Count)]++;
        }

        _samples = [.. Enumerable.Range(0, pixels.Count).Where(i => _weight[i] > 0)];
        _nodes.Clear();
        _probability.Clear();
        Add(0, _samples.Length);
        while (_open.TryPop(out (int Node, int Start, int End) next))
        {
            Divide(next.Node, next.Start, next.End, random);
        }

        return new([.. _nodes], [.. _probability]);
    }

    private void Add(int start, int end)
    {
        (int count, int objects) = (0, 0);
        for (int i = start; i < end; i++)
        {
            int weight = _weight[_samples[i]];
            count += weight;
            objects += pixels.Object[_samples[i]] ? weight : 0;
        }

        int place = _nodes.Count;
        _nodes.Add(TreeNode.Leaf(place));
        _probability.Add((float)objects / count);
        if (objects > 0 && objects < count && count >= 2 * options.LeafSize && place < TreeNode.MostNodes - 2)
        {
            _open.Push((place, start, end));
        }
    }

    private void Divide(int node, int start, int end, RandomStream random)
    {
        (double bestScore, int bestFeature, int bestBin) = (double.NegativeInfinity, -1, 0);
        int useful = 0;

        // Features are drawn until enough were seen that differ within the node at all.
        for (int k = 0; k < _order.Length && useful < _tried; k++)
        {
            int other = k + random.NextIndex(_order.Length - k);
            (_order[k], _order[other]) = (_order[other], _order[k]);
            int feature = _order[k];
            if (BestSplit(feature, start, end) is { } split)
            {
                useful++;
                if (split.Score > bestScore)
                {
                    (bestScore, bestFeature, bestBin) = (split.Score, feature, split.Bin);
                }
            }
        }

        if (bestFeature < 0)
        {
            return;
        }

        ReadOnlySpan<byte> bins = pixels.Bin.AsSpan(bestFeature * pixels.Count, pixels.Count);
        int middle = start;
        for (int i = start; i < end; i++)
        {
            if (bins[_samples[i]] <= bestBin)
            {
                (_samples[i], _samples[middle]) = (_samples[middle], _samples[i]);
                middle++;
            }
        }

        _nodes[node] = new(pixels.Edges[bestFeature][bestBin], bestFeature, _nodes.Count);
        Add(start, middle);
        Add(middle, end);
    }

    /// <summary>The split of least impurity along one feature; null where its values are in one bin, or leaves too small.</summary>
    private (double Score, int Bin)? BestSplit(int feature, int start, int end)
    {
        ReadOnlySpan<byte> bins = pixels.Bin.AsSpan(feature * pixels.Count, pixels.Count);
        (int low, int high) = (BinnedPixels.Bins, -1);
        (int all, int allObjects) = (0, 0);
        for (int i = start; i < end; i++)
        {
            int sample = _samples[i];
            int bin = bins[sample];
            int weight = _weight[sample];
            int objects = pixels.Object[sample] ? weight : 0;
            _count[bin] += weight;
            _objects[bin] += objects;
            all += weight;
            allObjects += objects;
            low = Math.Min(low, bin);
            high = Math.Max(high, bin);
        }

        (double Score, int Bin)? best = null;
        (int left, int leftObjects) = (0, 0);
        for (int bin = low; bin < high; bin++)
        {
            left += _count[bin];
            leftObjects += _objects[bin];
            int right = all - left;
            if (_count[bin] == 0 || left < options.LeafSize || right < options.LeafSize)
            {
                continue;
            }

            // Gini's impurity falls as the sums of squares over counts grow.
            double rightObjects = allObjects - leftObjects;
            double score = (Squares(leftObjects, left) / left) + (Squares(rightObjects, right) / right);
            if (best is null || score > best.Value.Score)
            {
                best = (score, bin);
            }
        }

        Array.Clear(_count, low, high - low + 1);
        Array.Clear(_objects, low, high - low + 1);
        return best;
    }

    private static double Squares(double objects, double count) =>
        (objects * objects) + ((count - objects) * (count - objects));
}
