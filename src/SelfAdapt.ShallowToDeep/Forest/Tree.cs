namespace SelfAdapt.ShallowToDeep.Forest;

/// <summary>
/// One node: where a value is above the threshold the walk goes to the child right of the left one. A leaf is its own
/// left child under a threshold that nothing exceeds.
/// </summary>
/// <param name="Threshold">Compared with the pixel's feature.</param>
/// <param name="Link">The feature in the lowest 8 bits, the left child above them.</param>
internal readonly record struct TreeNode(float Threshold, uint Link)
{
    public const int MostNodes = 1 << 24;

    public TreeNode(float threshold, int feature, int left)
        : this(threshold, ((uint)left << 8) | (uint)feature)
    {
    }

    public int Feature => (int)(Link & 255);

    public int Left => (int)(Link >> 8);

    public static TreeNode Leaf(int place) => new(float.PositiveInfinity, 0, place);
}

/// <summary>A tree in flat arrays; the root is node 0, children stand behind their parents.</summary>
/// <param name="Probability">Per node, of an object; read at leaves.</param>
internal sealed record Tree(TreeNode[] Nodes, float[] Probability);
