using System.Collections.Generic;

namespace SelfAdapt.Segmentation.Simulation;

/// <summary>Makes labels that overlapping shapes left behind into one connected object each.</summary>
internal static class LabelCleanup
{
    /// <summary>Keeps each label's largest 4-connected part, drops small ones, and numbers the rest 1 to n.</summary>
    /// <param name="labels">[height, width], 0 = background; changed in place.</param>
    public static void KeepLargestParts(int[] labels, int height, int width, int smallest)
    {
        int[] part = new int[labels.Length];
        List<(int Label, int Size)> parts = [(0, 0)];
        Stack<int> open = [];
        for (int start = 0; start < labels.Length; start++)
        {
            if (labels[start] == 0 || part[start] != 0)
            {
                continue;
            }

            int number = parts.Count;
            int size = 0;
            open.Push(start);
            part[start] = number;
            while (open.TryPop(out int pixel))
            {
                size++;
                (int y, int x) = (pixel / width, pixel % width);
                Visit(pixel - width, y > 0);
                Visit(pixel + width, y < height - 1);
                Visit(pixel - 1, x > 0);
                Visit(pixel + 1, x < width - 1);
            }

            parts.Add((labels[start], size));

            void Visit(int neighbour, bool exists)
            {
                if (exists && part[neighbour] == 0 && labels[neighbour] == labels[start])
                {
                    part[neighbour] = number;
                    open.Push(neighbour);
                }
            }
        }

        Dictionary<int, int> largest = [];
        for (int p = 1; p < parts.Count; p++)
        {
            if (!largest.TryGetValue(parts[p].Label, out int best) || parts[p].Size > parts[best].Size)
            {
                largest[parts[p].Label] = p;
            }
        }

        int[] final = new int[parts.Count];
        int next = 0;
        for (int p = 1; p < parts.Count; p++)
        {
            final[p] = largest[parts[p].Label] == p && parts[p].Size >= smallest ? ++next : 0;
        }

        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = final[part[i]];
        }
    }
}
