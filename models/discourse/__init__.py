"""Discourse: what a message does between ethnic groups, learnt from labelled text and measured."""
